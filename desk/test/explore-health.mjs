// Explore and Data health beyond the jobs of a shift, and the desk as seen by everyone.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { accessible, equal, expect, holds, open } from './harness.mjs';
import { tokens } from './tokens.mjs';

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

// Health in states that this world is not in.
async function states(chrome, base) {
  const { page, wrong, close } = await open(chrome, base);
  const list = await (await fetch(`${base}/api/v1/sources`)).json();
  const serve = (body) => page.route('**/api/v1/sources', (route) => route.fulfill({ json: body }));
  await serve({ ...list, sources: [], complete_to: null, complete_to_set_by: null });
  await page.goto(`${base}/health`);
  await page.waitForSelector('.healthgrid');
  const none = await page.locator('.healthgrid').innerText();
  expect(none.includes('headwater run') && none.includes('headwater.toml'), 'no source: the commands that add one');
  await page.unroute('**/api/v1/sources');
  const [first, ...rest] = list.inputs;
  await serve({ ...list, inputs: [{ ...first, records: { ...first.records, read: first.records.read + 12 } }, ...rest] });
  await page.goto(`${base}/health`);
  await page.waitForSelector('.notice');
  const notice = await page.locator('.notice[role=alert]').innerText();
  expect(notice.includes('12 records missing') && notice.includes(first.input), 'an account that does not add up names where');
  equal(wrong, [], 'states of Health: nothing goes wrong');
  await close();
}

// Where little is seen, as the API says it; what became of the records of each input.
async function cells(chrome, base, folder) {
  const [coverage, { inputs }] = await Promise.all(['coverage', 'sources'].map(async (path) => (await fetch(`${base}/api/v1/${path}`)).json()));
  const { page, wrong, close } = await open(chrome, base);
  await page.goto(`${base}/health`);
  const panel = page.locator('.panel:has(a[href*="coverage"])');
  // This world is seen everywhere: that is said, and how much was looked at.
  await panel.getByText(`${coverage.little_total} of ${coverage.cells} families by market`).waitFor();
  equal([coverage.little, coverage.cells > 0, (await panel.innerText()).includes('In every family and market a shift could be seen.')], [[], true, true], `cells: none of ${coverage.cells} lacks anything`);
  const [file] = await Promise.all([page.waitForEvent('download'), panel.getByText('CSV').click()]);
  equal(readFileSync(await file.path(), 'utf8').trim(), 'family,market,reasons,sources,silent,records,since', 'cells: the CSV has no row');
  // One that is not.
  const cell = (market, since, ...reasons) => ({ family: 'opioids', market, reasons, sources: [], silent: [], records: 3, since });
  const little = [cell('AR', '2026-06-20', 'source_silent'), cell('AR', '2026-06-02', 'source_silent', 'one_reporter'), cell('GT', null, 'too_few_records'), cell('LA', null, 'too_few_records'), cell('BO', null, 'too_few_records', 'one_reporter'), cell('PK', null, 'one_reporter')];
  await page.route('**/api/v1/coverage', (route) => route.fulfill({ json: { ...coverage, cells: 412, little, little_total: little.length } }));
  await page.reload();
  await panel.getByText('6 of 412 families by market').waitFor();
  const rows = await panel.locator('tbody tr').evaluateAll((all) => all.map((row) => [...row.children].map(({ textContent }) => textContent.replaceAll('\u00a0', ' '))));
  equal(rows, [['Source silent', 'Argentina', '2', '2 Jun 2026'], ['Too few records', 'Guatemala, Laos, 1 more', '3', '–'], ['One reporter only', 'Pakistan', '1', '–']], 'cells: by their gravest reason, where and since when');
  await holds(page, 'cells');
  await accessible(page, 'cells');
  await page.getByText('By partition').click();
  const table = page.locator('.panel:has(button:has-text("By partition")) tbody tr');
  await table.first().waitFor();
  equal([await table.count(), new URL(page.url()).searchParams.get('by')], [inputs.length, 'partition'], 'partitions: each has its row, and the address says so');
  equal(await table.evaluateAll((all) => all.map((row) => row.lastElementChild.textContent.trim())), inputs.map(() => '0'), 'partitions: each adds up');
  await page.screenshot({ path: join(folder, 'health-partitions.png') });
  await holds(page, 'partitions');
  await accessible(page, 'partitions');
  equal(wrong, [], 'cells and partitions: nothing goes wrong');
  await close();
}

// Notices are records: nobody is shown one, and none is asked for, before somebody asks.
async function notices(chrome, base, folder) {
  const list = await (await fetch(`${base}/api/v1/notices?limit=10`)).json();
  const { page, wrong, close } = await open(chrome, base);
  const asked = [];
  page.on('request', (request) => request.url().includes('/api/v1/notices') && asked.push(request.url()));
  await page.goto(`${base}/health`);
  const panel = page.locator('.panel:has(a[href*="notices"])');
  const marking = () => page.locator('.strip.bottom .tlp').innerText();
  await panel.getByText('Show the oldest').click();
  equal([asked.length, await page.locator('.sources').count()], [1, 1], 'notices: asked for when somebody asks');
  const first = async () => (await panel.locator('tbody tr').first().innerText()).replace(/[\u00a0\u202f]/g, ' ');
  await panel.locator('tbody tr').first().waitFor();
  equal([await panel.locator('tbody tr').count(), (await first()).includes(list.notices[0].event_id), new URL(page.url()).searchParams.get('notices')], [10, true, 'first'], 'notices: the oldest first, and the address says so');
  const counts = (await panel.locator('.sub').innerText()).replace(/\D/g, ' ').split(/\s{2,}/).map((text) => Number(text.replace(/\s/g, '')));
  equal(counts.slice(0, 2), [list.unanswered, list.in_force], 'notices: how many of how many');
  equal(await marking(), list.marking, 'notices: the page is marked by them');
  await page.screenshot({ path: join(folder, 'health-notices.png') });
  await holds(page, 'notices');
  await accessible(page, 'notices');
  const before = await first();
  await panel.getByText('Next page').click();
  await page.waitForFunction((id) => !document.querySelector('.panel:has(a[href*="notices"]) tbody').innerText.includes(id), list.notices[0].event_id);
  expect((await first()) !== before, 'notices: and the next ones');
  await panel.getByText('Close').click();
  await page.waitForFunction(() => document.querySelector('.strip.bottom .tlp').innerText === 'TLP:CLEAR');
  equal([await panel.locator('tbody tr').count(), wrong], [0, []], 'notices: closed again; nothing goes wrong');
  await close();
}

// Colours that the reader forces, paper, eyes that see fewer colours.
async function everyone(chrome, base, folder, alert) {
  const { page, wrong, close } = await open(chrome, base);
  const protocol = await page.context().newCDPSession(page);
  await page.goto(`${base}/alerts/${alert}`);
  await page.waitForSelector('svg[role=slider]');
  for (const type of ['deuteranopia', 'protanopia', 'tritanopia', 'achromatopsia']) {
    await protocol.send('Emulation.setEmulatedVisionDeficiency', { type });
    await page.screenshot({ path: join(folder, `alert-${type}.png`) });
  }
  await protocol.send('Emulation.setEmulatedVisionDeficiency', { type: 'none' });
  await page.emulateMedia({ forcedColors: 'active' });
  const forced = await page.evaluate(() => ({
    hatched: [...document.querySelectorAll('svg[role=slider] [fill^="url("]')].some((shape) => getComputedStyle(shape).fill.startsWith('url(')),
    tlp: [...document.querySelectorAll('.strip .tlp')].map((word) => [word.textContent.startsWith('TLP:'), getComputedStyle(word).backgroundColor]),
  }));
  equal(forced, { hatched: true, tlp: [[true, 'rgb(0, 0, 0)'], [true, 'rgb(0, 0, 0)']] }, 'forced colours: the hatch and the words of the marking remain');
  await page.screenshot({ path: join(folder, 'alert-forced.png') });
  await page.emulateMedia({ forcedColors: 'none', media: 'print' });
  const paper = await page.evaluate(() => ({
    strips: [...document.querySelectorAll('.strip')].map((strip) => getComputedStyle(strip).position),
    controls: [...document.querySelectorAll('button, select, input, kbd')].filter((one) => one.checkVisibility()).map((one) => one.textContent),
    cut: getComputedStyle(document.querySelector('main')).overflow,
  }));
  equal(paper, { strips: ['fixed', 'fixed'], controls: [], cut: 'visible' }, 'paper: marked above and below, no controls, whole');
  await page.screenshot({ path: join(folder, 'alert-print.png') });
  await page.emulateMedia({ media: 'screen', reducedMotion: 'reduce' });
  const moving = await page.evaluate(() => [...document.querySelectorAll('*')].filter((one) => getComputedStyle(one).animationName !== 'none' || parseFloat(getComputedStyle(one).transitionDuration) > 0).length);
  equal(moving, 0, 'reduced motion: nothing moves');
  equal(wrong, [], 'seen by everyone: nothing goes wrong');
  await close();
}

// What is in the scripts says under which terms.
async function licences(chrome, base) {
  const { page, close } = await open(chrome, base);
  await page.goto(base);
  await page.waitForSelector('[role=row][aria-selected=true]');
  await page.keyboard.press('?');
  const [notices] = await Promise.all([page.waitForResponse(/licenses.*\.txt/), page.evaluate(async (link) => void (await fetch(document.querySelector(link).href)), 'dialog a[href*="licenses"]')]);
  const text = await notices.text();
  for (const name of ['svelte', 'uplot', '@uwdata/flechette', 'd3-geo', 'd3-array', 'topojson-client', 'world-atlas']) expect(text.includes(`\n${name} `) && notices.status() === 200, `notices: ${name}`);
  await close();
}

export async function exploreAndHealth(chrome, base, folder, alert) {
  await brush(chrome, base);
  await words(chrome, base);
  await files(chrome, base);
  await states(chrome, base);
  await cells(chrome, base, folder);
  await notices(chrome, base, folder);
  await everyone(chrome, base, folder, alert);
  await licences(chrome, base);
  tokens();
}
