// Explore beyond the jobs of a shift.
import { readFileSync } from 'node:fs';
import { equal, expect, open } from './harness.mjs';

const explore = async (page, base, query = '') => {
  await page.goto(`${base}/explore${query}`);
  await page.waitForSelector('.lines canvas');
  await page.waitForSelector('.routes tr.sum');
};
const figures = (text) => Number(text.replaceAll('\u202f', '').replace('−', '-'));

// A period is drawn on the chart, and everything follows it.
async function brush(chrome, base) {
  const { page, wrong, close } = await open(chrome, base);
  await explore(page, base);
  const sums = () => page.locator('.routes tr.sum td').allInnerTexts();
  const before = await sums();
  const over = await page.locator('.lines .u-over').boundingBox();
  await page.mouse.move(over.x + over.width * 0.2, over.y + 100);
  await page.mouse.down();
  await page.mouse.move(over.x + over.width * 0.3, over.y + 110, { steps: 4 });
  await page.mouse.up();
  await page.waitForURL(/[?&]b=\d{4}-\d\d-\d\d\.\.\d{4}-\d\d-\d\d/);
  const drawn = await sums();
  expect(drawn[3] !== before[3] && figures(drawn[3]) > 0, `a drag on the chart selects the period of the table: ${before[3]} to ${drawn[3]}`);
  const rail = await page.locator('.rail .substances .num').allInnerTexts();
  expect(Math.abs(rail.reduce((sum, text) => sum + figures(text), 0) - figures(drawn[3])) <= rail.length, 'and the sums of substances are those of the routes');
  const rows = await page.locator('.routes tbody tr:not(.sum)').evaluateAll((all) => all.map((row) => [...row.children].map((cell) => cell.textContent)));
  expect(Math.abs(rows.reduce((sum, row) => sum + figures(row[3]), 0) - figures(drawn[3])) <= rows.length, 'routes and others add up to the whole');
  await page.keyboard.press('(');
  await page.waitForURL(/[?&]b=/);
  const marked = new URL(page.url()).searchParams.get('b');
  await page.reload();
  await page.waitForSelector('.routes tr.sum');
  equal(new URL(page.url()).searchParams.get('b'), marked, 'the period is in the address');
  await page.keyboard.press('b');
  await page.waitForURL(/compare=off/);
  equal(await page.locator('.routes th').count(), 4, 'without a comparison the table is of one period');
  equal(wrong, [], 'brush: nothing goes wrong');
  await close();
}

// What is drawn and what is not is said; control dates stand on the chart; the day of knowledge is told.
async function words(chrome, base) {
  const { page, wrong, close } = await open(chrome, base);
  await explore(page, base);
  await page.waitForSelector('.controls li');
  const dates = await page.locator('.controls li').allInnerTexts();
  expect(dates.some((line) => /Nitazenes/.test(line) && /1\D+Jul\D+2025/.test(line)), `control dates of what is drawn: ${dates.length}`);
  expect(/routes.*drawn.*in the table/.test(await page.locator('.pair').innerText()), 'how many routes are drawn and how many are in the table');
  expect((await page.locator('.endkey').innerText()).includes('provisional'), 'what is after the line is called provisional');
  const slider = page.locator('.rail input[type=range]');
  await slider.focus();
  const asked = page.waitForRequest(/volumes\?.*as_of=/);
  await page.keyboard.press('PageDown');
  await asked;
  await page.waitForURL(/as_of=/);
  expect(/as they were known/.test(await page.locator('.work').innerText()), 'volumes of another day say so');
  equal(wrong, [], 'words of Explore: nothing goes wrong');
  await close();
}

// Every chart is taken away as a picture and as rows.
async function files(chrome, base) {
  const { page, wrong, close } = await open(chrome, base);
  await explore(page, base);
  await page.waitForSelector('.map circle', { state: 'attached' });
  for (const part of ['.volumes', '.map-panel']) {
    const panel = page.locator(`.panel:has(${part})`);
    const taken = async (name) => {
      const [download] = await Promise.all([page.waitForEvent('download'), panel.getByText(name, { exact: true }).click()]);
      return readFileSync(await download.path());
    };
    const png = await taken('PNG');
    equal([png.subarray(1, 4).toString(), png.length > 10_000], ['PNG', true], `${part}: a PNG`);
    expect(/page_marking,query,build,catalog/.test((await taken('CSV')).toString()), `${part}: a CSV with its marking`);
  }
  equal(wrong, [], 'files of Explore: nothing goes wrong');
  await close();
}

export async function exploreAndHealth(chrome, base) {
  await brush(chrome, base);
  await words(chrome, base);
  await files(chrome, base);
}
