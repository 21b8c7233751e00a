// What every chart and every map must hold, on every page.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { accessible, equal, expect, holds, open } from './harness.mjs';

const plain = (text) => text.replace(/[\u202f\u00a0\n]/g, ' ');
const json = async (address) => (await fetch(address)).json();
const answer = (body) => ({ json: body });

// An alert on the desk with weekly shares and routes, and its neighbours.
async function onDesk(base) {
  const { alerts } = await json(`${base}/api/v1/alerts?limit=200`);
  const found = alerts.filter(({ status, kind, scope, routes }) => ['raised', 'updated'].includes(status) && ['substitution', 'displacement'].includes(kind) && ['market', 'world'].includes(scope) && routes.length > 1);
  expect(found.length > 0, `charts: ${found.length} alerts on the desk have shares and routes`);
  return found;
}

// Each chart has a picture, rows, a table of the same, and a cursor that keys move and that is read out.
async function allFour(chrome, base, alert) {
  const wanted = [
    ['/health', ['.panel:has(.days)'], ''],
    ['/health', ['#panel-1'], 'svg[role=slider]'],
  ];
  for (const [path, panels, chart] of wanted) {
    const { page, wrong, close } = await open(chrome, base);
    if (path === '/health') await rejecting(page, base);
    await page.goto(base + path);
    for (const which of panels) {
      const words = `${path.split('/')[1]} ${which}`;
      // The panel stays the same one when its chart gives way to its table.
      const title = await page.locator(`${which} h2`).innerText();
      const panel = page.locator('.panel', { has: page.getByRole('heading', { name: title, exact: true }) });
      await panel.locator(chart || '.days').first().waitFor();
      const taken = async (name) => {
        const [download] = await Promise.all([page.waitForEvent('download'), panel.getByText(name, { exact: true }).click()]);
        return readFileSync(await download.path());
      };
      const reading = panel.locator('.reading');
      if (chart) await panel.locator(chart).first().focus();
      const before = await reading.innerText();
      for (const key of ['ArrowLeft', 'ArrowDown', 'ArrowRight', 'ArrowLeft']) {
        await page.keyboard.press(key);
        if ((await reading.innerText()) !== before) break;
      }
      expect((await reading.innerText()) !== before && (await reading.getAttribute('aria-live')) === 'polite', `${words}: keys move its cursor, and it is read out`);
      const png = await taken('PNG');
      equal([png.subarray(1, 4).toString(), png.length > 4_000], ['PNG', true], `${words}: a picture`);
      const csv = (await taken('CSV')).toString().trim().split('\n');
      expect(/,page_marking,query,build,catalog$/.test(csv[0]) && csv.length > 1, `${words}: ${csv.length - 1} rows with their marking`);
      await panel.getByRole('button', { name: 'Table', exact: true }).click();
      equal(await panel.locator('table caption').count(), 1, `${words}: its twin is a table`);
      expect((await panel.locator('tbody tr').count()) > 0, `${words}: with rows`);
      await accessible(page, `${words}, the table`);
    }
    equal(wrong, [], `${path.split('/')[1]}: charts go wrong nowhere`);
    await close();
  }
}

// A world in which something was rejected.
async function rejecting(page, base) {
  const list = await json(`${base}/api/v1/sources`);
  const [first, ...rest] = list.inputs;
  const { records } = first;
  const inputs = [{ ...first, records: { ...records, read: records.read + 1824, rejected: records.rejected + 1824 }, rejects: { ...first.rejects, unit_unknown: 1820, date_invalid: 4 } }, ...rest];
  await page.route('**/api/v1/sources', (route) => route.fulfill(answer({ ...list, inputs })));
}

// Targets that a finger meets.
const small = (page) =>
  page.evaluate(() =>
    [...document.querySelectorAll('main button, main summary, main select, main input, main a.button, dialog[open] button, dialog[open] select, dialog[open] input')]
      .filter((one) => one.checkVisibility())
      .map((one) => one.closest('label') ?? one)
      .filter((one) => one.getBoundingClientRect().height < 43.5)
      .map((one) => `${one.tagName} ${one.textContent.trim().slice(0, 20)} ${one.getBoundingClientRect().height}`),
  );

// A source that is silent beyond its habit: first, hatched, never a zero.
async function silence(chrome, base, folder) {
  const list = await json(`${base}/api/v1/sources`);
  const named = list.sources[list.sources.length - 1].source;
  const days = 34;
  const last = new Date(Date.parse(list.recent_to) - days * 86_400_000).toISOString().slice(0, 10);
  const sources = list.sources.map((one) => (one.source === named ? { ...one, last_report: last, recent: one.recent.map((count, at, all) => (at >= all.length - days ? 0 : count + 1)) } : one));
  for (const size of ['wide', 'narrow', 'phone']) {
    const { page, wrong, close } = await open(chrome, base, { size });
    await page.route('**/api/v1/sources', (route) => route.fulfill(answer({ ...list, sources })));
    await page.route('**/api/v1/alerts?*', async (route) => {
      const found = await (await route.fetch()).json();
      const [first, ...rest] = found.alerts;
      return route.fulfill(answer({ ...found, alerts: [{ ...first, status: 'raised', gap: { source: named, silent_days: days, usual_gap_days: 9, cells: 14 } }, ...rest] }));
    });
    await page.goto(`${base}/health`);
    const first = page.locator(size === 'phone' ? '.card' : '.sources tbody tr').first();
    await page.waitForFunction((named) => document.querySelector('.card, .sources tbody tr')?.textContent.includes(named), named);
    const words = plain(await first.innerText());
    expect(/Silent/.test(words) && words.includes(`${days} d`), `silence ${size}: the worst is first, with its word and for how long`);
    const strip = await first.locator('.days').evaluate((svg) => {
      const silent = svg.querySelector('.silent');
      const bars = svg.querySelector('.bars').getBBox();
      return { wide: Number(silent.getAttribute('width')), fill: silent.getAttribute('fill').startsWith('url('), within: bars.x + bars.width <= Number(silent.getAttribute('x')) + 1, whole: svg.viewBox.baseVal.width };
    });
    equal(strip, { wide: days * 3 - 1, fill: true, within: true, whole: 276 }, `silence ${size}: the silent days are hatched and empty`);
    equal(await page.locator('.days .silent').count(), 1, `silence ${size}: and no other's`);
    if (size === 'phone') {
      const cards = await page.locator('.card').evaluateAll((all) => all.map((card) => [card.open, /Silent|Complete to/.test(card.querySelector('summary').textContent)]));
      equal(cards, sources.map((_, at) => [at === 0, true]), 'silence phone: the silent one is open, the others folded with their one fact');
      const folds = await page.locator('.fold .meta').allInnerTexts();
      expect(folds.length === 3 && folds.every((fact) => fact.trim() !== ''), `silence phone: folds carry their fact: ${folds.join('; ')}`);
      equal(await small(page), [], 'silence phone: targets of Data health are 44 px');
      await page.screenshot({ path: join(folder, 'silent-phone.png') });
    } else {
      await first.focus();
      await page.keyboard.press('Enter');
      expect(/First report/.test(await page.locator('tr.opened').innerText()), `silence ${size}: Enter opens a source`);
      await page.keyboard.press('j');
      expect(await page.evaluate(() => document.activeElement.matches('.sources [data-keys]:not(:first-child)')), `silence ${size}: j goes to the next`);
      equal(await page.locator('th.spare').first().isVisible(), size === 'wide', `silence ${size}: what a narrow page has no room for is in the opened row`);
      await page.screenshot({ path: join(folder, `silent-${size}.png`) });
    }
    await holds(page, `silence ${size}`);
    await accessible(page, `silence ${size}`);
    equal(wrong, [], `silence ${size}: nothing goes wrong`);
    await close();
  }
}

// An account that does not add up is told to whoever runs it on every page, to others where accounts are.
async function broken(chrome, base, alert) {
  const list = await json(`${base}/api/v1/sources`);
  const [first, ...rest] = list.inputs;
  const inputs = [{ ...first, records: { ...first.records, read: first.records.read + 1234 } }, ...rest];
  for (const [roles, pages] of [[['analyst', 'admin'], ['/', `/alerts/${alert.alert_id}`, '/explore', '/health', '/admin']], [['analyst'], ['/health']]]) {
    const { page, wrong, close } = await open(chrome, base);
    await page.route('**/api/v1/sources', (route) => route.fulfill(answer({ ...list, inputs })));
    await page.route('**/api/v1/me', async (route) => route.fulfill(answer({ ...(await (await route.fetch()).json()), roles })));
    for (const path of ['/', `/alerts/${alert.alert_id}`, '/explore', '/health', ...(roles.includes('admin') ? ['/admin'] : [])]) {
      const asked = page.waitForResponse('**/api/v1/sources', { timeout: 5_000 }).catch(() => null);
      await page.goto(base + path);
      await asked;
      await page.waitForSelector('main h1, [role=row][aria-selected]');
      const told = page.locator('[role=alert] >> text=Does not add up');
      if (pages.includes(path)) await told.waitFor();
      const words = (await told.count()) ? plain(await told.innerText()) : '';
      equal(words, pages.includes(path) ? `Does not add up: 1 234 records missing in ${first.input}.` : '', `accounts: ${path.split('/')[1] || 'inbox'} as ${roles.join(' and ')}`);
    }
    equal(wrong, [], `accounts as ${roles.join(' and ')}: nothing goes wrong`);
    await close();
  }
}

export async function charts(chrome, base, folder) {
  const alerts = await onDesk(base);
  await allFour(chrome, base, alerts[0]);
  await silence(chrome, base, folder);
  await broken(chrome, base, alerts[0]);
}
