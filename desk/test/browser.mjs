// The desk in a real browser, over a simulated world: node test/browser.mjs ADDRESS FOLDER
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { dateDay, int64, tableFromArrays, tableToIPC, utf8 } from '@uwdata/flechette';
import { accessible, browser, equal, expect, failed, holds, open, SIZES } from './harness.mjs';
import { charts } from './charts.mjs';
import { rows as inboxRows } from './rows.mjs';
import { exploreAndHealth } from './explore-health.mjs';
import { inboxAndAdmin } from './inbox-admin.mjs';

const [, , base, folder] = process.argv;
mkdirSync(folder, { recursive: true });
const api = async (path, body) => {
  const answer = await fetch(`${base}/api/v1${path}`, body && { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });
  return answer.json();
};
const list = async () => api('/alerts?limit=200');
const triage = async (id) => (await api(`/alerts/${id}/triage`)).state;
const chrome = await browser();

// Keys as they are pressed, and how many.
const keys = async (page, ...all) => {
  for (const key of all) await page.keyboard.press(key);
  return all.length;
};
const rows = (page) => page.locator('[role=row][aria-selected]');
const loaded = async (page) => page.waitForSelector('[role=row][aria-selected=true]');
const drawn = async (page) => {
  await page.waitForSelector('svg[role=slider]');
  await page.waitForSelector('.map circle', { state: 'attached' });
  // On a phone the records are folded.
  await page.waitForSelector('#panel-7 tr[data-keys], #panel-7 .fold');
};

// Every page at three sizes, light and dark.
const { alerts } = await list();
// One that is on the desk, where there is one: the first of all may have ended.
const first = (alerts.find(({ status }) => ['raised', 'updated'].includes(status)) ?? alerts[0]).alert_id;
for (const size of Object.keys(SIZES)) {
  for (const theme of ['light', 'dark']) {
    const { page, wrong, close } = await open(chrome, base, { size, theme });
    await page.goto(`${base}/`);
    await loaded(page);
    // What is not shown is not asked for.
    await page.waitForFunction(() => !document.querySelector('.row .spark').checkVisibility() || document.querySelector('.row .spark path'));
    await page.waitForTimeout(500);
    await holds(page, `inbox ${size} ${theme}`);
    await accessible(page, `inbox ${size} ${theme}`);
    await page.screenshot({ path: join(folder, `inbox-${size}-${theme}.png`) });
    if (size === 'phone') {
      const touched = await page.evaluate(() => {
        const tools = document.querySelector('.tabs .tools');
        const [card, mark] = ['.row[aria-selected]', '.row[aria-selected] input'].map((one) => document.querySelector(one).getBoundingClientRect());
        const at = (x, y) => document.elementFromPoint(x, y)?.tagName;
        return [tools.scrollWidth > tools.clientWidth, at(mark.left - 11, mark.top - 11), at(mark.right + 11, mark.bottom + 11), at(card.right - 60, card.top + card.height / 2)];
      });
      equal(touched, [false, 'INPUT', 'INPUT', 'A'], `inbox phone ${theme}: tools do not scroll sideways, a touch of a card opens it, of its corner selects it`);
    }
    await page.goto(`${base}/alerts/${first}`);
    await drawn(page).catch(() => expect(false, `alert ${size} ${theme}: it is drawn`));
    await holds(page, `alert ${size} ${theme}`);
    await accessible(page, `alert ${size} ${theme}`);
    await page.screenshot({ path: join(folder, `alert-${size}-${theme}.png`) });
    if (size === 'phone') {
      // Where else to go, and in which language, lies behind one button.
      equal(await page.locator('.bar nav').isVisible(), false, `alert phone ${theme}: the bar is closed`);
      await page.locator('.bar .menu').click();
      await holds(page, `alert phone ${theme}, the bar open`);
      await accessible(page, `alert phone ${theme}, the bar open`);
      await page.screenshot({ path: join(folder, `menu-phone-${theme}.png`) });
      const small = await page.$$eval('.actionbar button, .actionbar .actions a, .bar select, .bar nav a, .bar .menu', (all) => all.filter((one) => one.getBoundingClientRect().height < 44).map((one) => one.textContent));
      equal(small, [], `alert phone ${theme}: targets of 44 px`);
    } else {
      const screen = SIZES[size][1];
      const below = await page.evaluate((screen) => ['h1', '.lead', '.six', '.chart', '#panel-2 li'].filter((part) => document.querySelector(part).getBoundingClientRect().top > screen - 52), screen);
      equal(below, [], `alert ${size} ${theme}: it can be judged without a scroll`);
      if (size === 'wide') expect(await page.evaluate(() => [...document.querySelectorAll('#panel-2 li')].at(-1).getBoundingClientRect().bottom <= document.querySelector('.hints').getBoundingClientRect().top), `alert wide ${theme}: all that speaks against it stands on the first screen`);
    }
    equal(wrong, [], `${size} ${theme}: nothing goes wrong`);
    await close();
  }
}

// The jobs of a shift, by keyboard alone.
{
  const { page, wrong, close } = await open(chrome, base);
  await page.goto(`${base}/`);
  await loaded(page);
  const headline = await page.locator('.preview h2').innerText();
  equal((await page.locator('[aria-selected=true] .headline').innerText()).trim(), headline, 'job 1, 0 keys: the first alert and its preview are there');
  const seen = await rows(page).count();
  await keys(page, 'j');
  equal(await page.locator('.preview .end').innerText(), `2 of ${seen}`, 'j goes on');
  await keys(page, 'k');

  let count = await keys(page, 'Enter');
  await drawn(page);
  equal(await page.locator('h1').innerText(), headline, `job 2, ${count} key: the alert is open`);
  count += await keys(page, 'e');
  await page.waitForFunction(() => document.activeElement?.closest('#panel-7 tr'));
  expect(count <= 2, `job 3, ${count} keys from the inbox: its records`);
  await keys(page, 'Enter');
  expect(await page.locator('#panel-7 tr.opened').isVisible(), 'Enter opens a record');
  expect((await page.locator('#panel-7 tr.opened').innerText()).includes('mg'), 'an open record says its exact mass');
  await keys(page, 'Escape');
  for (const number of ['1', '2', '3', '4', '5', '6', '7', '8', '9']) {
    await keys(page, number);
    equal(await page.evaluate(() => document.activeElement.id), `panel-${number}`, `${number} goes to its panel`);
  }
  const said = () => page.locator('#panel-1 svg[role=slider]').getAttribute('aria-valuetext');
  await keys(page, '1', 'ArrowLeft');
  const before = await said();
  await keys(page, 'ArrowRight');
  await page.waitForURL(/day=/);
  expect((await said()) !== before, 'arrows move the cursor, and the address says where it is');
  await keys(page, 't');
  const table = await page.locator('#panel-1 tbody tr').count();
  expect(table > 50, `t shows the table twin, ${table} weeks`);
  await keys(page, 't', 'u');
  await loaded(page);
  equal(await page.locator('.preview h2').innerText(), headline, 'u goes back to the same alert');

  const id = new URL(page.url()).searchParams.get('alert');
  count = await keys(page, 'a', '2', 'Enter');
  await page.waitForSelector('.said button');
  equal([await triage(id), count], ['acknowledged', 3], 'job 4, 3 keys: acknowledged');
  await keys(page, 'z');
  await page.waitForSelector('text=Taken back');
  equal(await triage(id), 'new', 'z takes it back');
  await page.goto(`${base}/?alert=${id}`);
  await loaded(page);
  count = await keys(page, 's', '1', 'Enter');
  await page.waitForSelector('.said >> text=Assigned to local');
  equal([await triage(id), count], ['assigned', 3], 'job 4, 3 keys: assigned');
  count = await keys(page, 'c', '3', 'Enter');
  await page.waitForSelector('.said >> text=Closed: Licit trade');
  equal([await triage(id), count], ['closed', 3], 'job 4, 3 keys: closed with its reason');
  await keys(page, 'z');
  await page.waitForSelector('text=Taken back');
  equal(await triage(id), 'assigned', 'and back to whoever had it');
  await page.goto(`${base}/?alert=${id}`);
  await loaded(page);
  await keys(page, 'n');
  await page.keyboard.type('seen by two offices');
  await keys(page, 'Enter');
  await page.waitForSelector('text=The note is kept');
  equal((await api(`/alerts/${id}/notes`)).notes.at(-1).body, 'seen by two offices', 'a note is kept');
  await keys(page, 'Home', 'x', 'j', 'x', 'a', '1', 'Enter');
  await page.waitForSelector('text=2 alerts: Until');
  expect(true, 'two are acknowledged at once');
  await keys(page, 'z');
  await page.waitForSelector('text=Taken back');
  await keys(page, '?');
  expect(await page.locator('.keylist').isVisible(), '? shows all keys');
  await keys(page, 'Escape');
  equal(wrong, [], 'jobs: nothing goes wrong');
  await close();
}

// The address is the state.
{
  const { page, wrong, close } = await open(chrome, base);
  await page.goto(`${base}/`);
  await loaded(page);
  await keys(page, 'f', 'Space');
  await page.waitForURL(/kind=/);
  const address = page.url();
  expect(true, 'a filter is in the address');
  const filtered = await rows(page).count();
  await page.goto(address);
  await loaded(page);
  equal(await rows(page).count(), filtered, 'an address shows the same again');
  await page.goto(`${base}/?q=nothing-is-called-so`);
  const empty = page.locator('.state');
  await empty.waitFor();
  expect(/No alert matches these filters\. \d+ without them/.test(await empty.innerText()), 'an empty list says what there is without filters');
  await keys(page, '/');
  await page.keyboard.type('x');
  await keys(page, 'Escape');
  await page.goto(`${base}/alerts/no-such-alert`);
  await page.waitForSelector('text=No alert with this id that you may see.');
  equal(wrong.filter((line) => !line.includes('404')), [], 'addresses: nothing else goes wrong');
  await close();
}

// What others do is told, and does not move what is looked at.
{
  const { page, wrong, close } = await open(chrome, base);
  await page.goto(`${base}/`);
  await loaded(page);
  await page.waitForSelector('text=Live,');
  await keys(page, 'j');
  const row = page.locator('[aria-selected=true]');
  const top = (await row.boundingBox()).y;
  // One that is on the desk: the first of all may have ended.
  const other = (await page.locator('[role=row][aria-selected=false]').first().getAttribute('id')).slice(4);
  const { version } = await api(`/alerts/${other}/triage`);
  await api(`/alerts/${other}/triage`, { version, command: 'assign', assignee: 'AN-11' });
  await page.waitForSelector('.stand >> text=AN-11');
  equal((await row.boundingBox()).y, top, 'what another assigns is told, and the row under the cursor stays');
  equal(wrong, [], 'live: nothing goes wrong');
  await close();
}

// Somebody was faster; the server does not answer.
{
  const { page, close } = await open(chrome, base);
  await page.route('**/api/v1/stream', (route) => route.abort());
  await page.goto(`${base}/`);
  await loaded(page);
  const id = (await page.locator('[aria-selected=true]').getAttribute('id')).slice(4);
  await keys(page, 'c', '3');
  const { version } = await api(`/alerts/${id}/triage`);
  await api(`/alerts/${id}/triage`, { version, command: 'assign', assignee: 'AN-12' });
  await keys(page, 'Enter');
  await page.waitForSelector('text=AN-12');
  expect((await page.locator('dialog').innerText()).includes('Your choice is kept'), 'a stale decision says who was faster and keeps the choice');
  await keys(page, 'Escape');
  await page.route('**/api/v1/alerts?*', (route) => route.abort());
  const seen = await rows(page).count();
  await keys(page, 'r');
  await page.waitForSelector('text=The server did not answer');
  equal(await rows(page).count(), seen, 'without an answer the list stays, with a way to ask again');
  await close();
}

// Files that are taken away.
{
  const { page, wrong, close } = await open(chrome, base);
  await page.goto(`${base}/alerts/${first}`);
  await drawn(page);
  const taken = async (name) => {
    const [download] = await Promise.all([page.waitForEvent('download'), page.locator('#panel-1').getByText(name, { exact: true }).click()]);
    return readFileSync(await download.path());
  };
  const csv = (await taken('CSV')).toString();
  expect(/^week_ending,provisional,total,.*page_marking,query,build,catalog\n/.test(csv) && csv.includes('TLP:'), 'a CSV says its marking, its question and its build');
  const png = await taken('PNG');
  equal([png.subarray(1, 4).toString(), png.length > 10_000], ['PNG', true], 'a PNG holds the chart');
  const [records] = await Promise.all([page.waitForEvent('download'), page.locator('#panel-7').getByText('CSV', { exact: true }).click()]);
  expect(readFileSync(await records.path()).toString().includes('event_id'), 'records are taken away as CSV');
  equal(wrong, [], 'files: nothing goes wrong');
  await close();
}

// Three languages, and room for large text.
for (const [lang, declared] of [['es', 'es'], ['zh', 'zh-Hans']]) {
  const { page, wrong, close } = await open(chrome, base, { lang });
  await page.goto(`${base}/`);
  await loaded(page);
  equal(await page.evaluate(() => document.documentElement.lang), declared, `${lang}: the page says its language`);
  await holds(page, `inbox ${lang}`);
  await page.goto(`${base}/alerts/${first}`);
  await drawn(page);
  await holds(page, `alert ${lang}`);
  await page.screenshot({ path: join(folder, `alert-wide-${lang}.png`) });
  equal(wrong, [], `${lang}: nothing goes wrong`);
  await close();
}
for (const [width, words] of [[720, '200 %'], [360, '400 %']]) {
  const { page, close } = await open(chrome, base);
  await page.setViewportSize({ width, height: 450 });
  for (const path of ['/', `/alerts/${first}`]) {
    await page.goto(base + path);
    await page.waitForSelector(path === '/' ? '[role=row][aria-selected=true]' : 'svg[role=slider]');
    await holds(page, `${path === '/' ? 'inbox' : 'alert'} at ${words}`);
  }
  await close();
}

// The other pages.
{
  const { page, wrong, close } = await open(chrome, base);
  await page.goto(`${base}/?alert=${first}`);
  await loaded(page);
  let count = await keys(page, 'v');
  await page.waitForSelector('.lines canvas');
  equal([new URL(page.url()).pathname, count], ['/explore', 1], "job 5, 1 key: Explore with the alert's filters");
  await page.waitForURL(/family=/);
  await keys(page, 'b');
  await page.waitForURL(/compare=off/);
  await keys(page, 'b', 'p');
  await page.waitForURL(/pin=/);
  await keys(page, '[');
  await page.waitForURL(/from=/);
  expect(true, 'b compares, p pins, [ moves the edge of the range, and the address says so');
  await keys(page, 't');
  expect((await page.locator('.work tbody tr').count()) > 50, 't shows the weeks as a table');
  count = await keys(page, 'g', 'd');
  await page.waitForSelector('.healthgrid');
  equal(count, 2, 'job 5, 2 keys: Data health');
  expect((await page.locator('.healthgrid').innerText()).includes('difference 0'), 'every record is accounted for');
  equal(wrong, [], 'other pages: nothing goes wrong');
  await close();
}
for (const path of ['explore', 'health', 'admin']) {
  for (const size of Object.keys(SIZES)) {
    for (const theme of ['light', 'dark']) {
      const { page, wrong, close } = await open(chrome, base, { size, theme });
      await page.goto(`${base}/${path}`);
      await page.waitForSelector(path === 'explore' ? '.lines canvas' : path === 'health' ? '.healthgrid .days, .healthgrid .card' : '.healthgrid table, .healthgrid form');
      await page.waitForTimeout(800);
      await holds(page, `${path} ${size} ${theme}`);
      await accessible(page, `${path} ${size} ${theme}`);
      await page.screenshot({ path: join(folder, `${path}-${size}-${theme}.png`) });
      equal(wrong, [], `${path} ${size} ${theme}: nothing goes wrong`);
      await close();
    }
  }
}

// A hundred thousand figures: from the last byte to the first view.
{
  const { page, close } = await open(chrome, base);
  const weeks = 310;
  const names = { substance: ['heroin', 'fentanyl', 'fentanyl-analogues', 'carfentanil', 'nitazenes', 'other'], route: Array.from({ length: 54 }, (_, at) => `${['CN', 'IN', 'MX', 'CO', 'TR', 'MY'][at % 6]}>${['US', 'PL', 'JP', 'MX', 'NL', 'CA', 'AU', 'ZA', 'BR'][Math.floor(at / 6)]}`) };
  const columns = { day: [], period_days: [], substance: [], route: [], source: [], evidence: [], mass_mg: [], incidents: [] };
  for (let week = 0; week < weeks; week++) {
    for (const [k, substance] of names.substance.entries()) {
      for (const [r, route] of names.route.entries()) {
        columns.day.push(new Date(Date.UTC(2020, 11, 9) + week * 7 * 86_400_000));
        columns.period_days.push(7);
        columns.substance.push(substance);
        columns.route.push(route);
        columns.source.push('SIM-CUSTOMS-PL');
        columns.evidence.push('seizure');
        columns.mass_mg.push(1e6 * (1 + ((week * 7 + k * 13 + r * 29) % 50)));
        columns.incidents.push(1);
      }
    }
  }
  const body = Buffer.from(tableToIPC(tableFromArrays(columns, { types: { day: dateDay(), substance: utf8(), route: utf8(), source: utf8(), evidence: utf8(), mass_mg: int64(), incidents: int64(), period_days: int64() } }), { format: 'stream' }));
  await page.route('**/api/v1/volumes?*', (route) => route.fulfill({ body, headers: { 'content-type': 'application/vnd.apache.arrow.stream', 'headwater-marking': 'TLP:GREEN' } }));
  const views = [];
  for (let time = 0; time < 5; time++) {
    await page.goto(`${base}/explore`);
    await page.waitForSelector('.lines canvas');
    views.push(await page.evaluate(() => Math.round(performance.getEntriesByName('explore-drawn')[0].startTime - performance.getEntriesByName('explore-bytes')[0].startTime)));
  }
  expect(columns.day.length > 100_000, `first view of ${columns.day.length} figures: ${views.join(', ')} ms`);
  await close();
}

await inboxAndAdmin(chrome, base, folder);
await exploreAndHealth(chrome, base, folder, first);
await charts(chrome, base, folder);
await inboxRows(chrome, base);

await chrome.close();
console.log(`${failed().length} failed`);
for (const words of failed()) console.log(`FAIL ${words}`);
process.exit(failed().length > 0 ? 1 : 0);
