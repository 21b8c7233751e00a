// What every chart and every map must hold, on every page.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { geoArea } from 'd3-geo';
import { feature } from 'topojson-client';
import { world } from '../build/world.js';
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

async function explore(page, base, query = '') {
  await page.goto(`${base}/explore${query}`);
  await page.waitForSelector('.lines canvas');
  await page.waitForSelector('.map circle', { state: 'attached' });
}

// Each chart has a picture, rows, a table of the same, and a cursor that keys move and that is read out.
async function allFour(chrome, base, alert) {
  const wanted = [
    [`/alerts/${alert.alert_id}`, ['#panel-1', '#panel-3', '#panel-5'], 'svg[role=slider]'],
    ['/explore', ['.panel:has(.volumes)'], '.lines'],
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

// The bars of reporters stand in a table: of them there are a picture and rows.
async function reporters(chrome, base, alert) {
  const { page, wrong, close } = await open(chrome, base);
  await page.goto(`${base}/alerts/${alert.alert_id}`);
  const panel = page.locator('#panel-4');
  const taken = async (name) => {
    const [download] = await Promise.all([page.waitForEvent('download'), panel.getByText(name, { exact: true }).click()]);
    return readFileSync(await download.path());
  };
  const png = await taken('PNG');
  // A width and a height of 4 bytes each stand behind the name of the first chunk; a bar and its words take 48 points.
  equal([png.subarray(1, 4).toString(), png.readUInt32BE(16) > 600, png.readUInt32BE(20) > 2 * (80 + 48 * (alert.strata.length + 1))], ['PNG', true, true], 'reporters: a picture of all of them');
  const rows = (await taken('CSV')).toString().trim().split('\n').slice(1);
  equal(rows.map((row) => row.split(',').slice(0, 6).join()).sort(), alert.strata.map((one) => [one.source, one.evidence, one.falling_before, one.rising_before, one.falling_after, one.rising_after].join()).sort(), 'reporters: their rows');
  equal(wrong, [], 'reporters: nothing goes wrong');
  await close();
}

// A world in which something was rejected.
async function rejecting(page, base) {
  const list = await json(`${base}/api/v1/sources`);
  const [first, ...rest] = list.inputs;
  const { records } = first;
  const inputs = [{ ...first, records: { ...records, read: records.read + 1824, rejected: records.rejected + 1824 }, rejects: { ...first.rejects, unit_unknown: 1820, date_invalid: 4 } }, ...rest];
  await page.route('**/api/v1/sources', (route) => route.fulfill(answer({ ...list, inputs })));
}

// After the line of completeness: hatch, and how much has arrived, the same on every page.
async function arrival(chrome, base, alert) {
  const { page, wrong, close } = await open(chrome, base);
  await page.goto(`${base}/alerts/${alert.alert_id}`);
  const told = /provisional: (<?\d+–)?<?\d+ % arrived/;
  await page.waitForFunction((told) => new RegExp(told).test(document.querySelector('#panel-1 svg[role=slider]')?.textContent.replace(/[\u202f]/g, ' ') ?? ''), told.source);
  expect(true, 'arrived: the chart of an alert says how much');
  await page.locator('#panel-1 svg[role=slider]').focus();
  await page.keyboard.press('End');
  const reading = plain(await page.locator('#panel-1 .reading').innerText());
  expect(/provisional: \d+ % arrived/.test(reading), `arrived: so does its last week: ${reading}`);

  // Seizures are told late: they have the longest stretch to be hatched.
  await explore(page, base, `?family=${alert.family}&evidence=seizure`);
  await page.waitForFunction((told) => new RegExp(told).test(document.querySelector('.endkey').textContent.replace(/[\u202f]/g, ' ')), told.source);
  const words = plain(await page.locator('.endkey').innerText());
  // Of the sources that are added up, the least counts.
  const asked = `${base}/api/v1/volumes?family=${alert.family}&evidence=seizure`;
  const { complete_to } = await json(`${asked}&limit=1`);
  const { arrived } = await json(`${asked}&granularity=week&roll_up=market&limit=10000&from=${complete_to}`);
  const least = Math.min(...arrived.map(({ arrived_share }) => arrived_share));
  const from = least > 0 && least < 0.01 ? '<1' : `${Math.round(100 * least)}`;
  expect(words.includes(` ${from}–`) || words.includes(` ${from} %`), `arrived: from ${from} %, as the volumes say: ${words.slice(0, 60)}`);
  // Strokes cross a row of pixels right of the line one every 7 points along their normal.
  const strokes = await page.evaluate(() => {
    const canvas = document.querySelector('.lines canvas');
    const ratio = canvas.width / canvas.clientWidth;
    const over = document.querySelector('.lines .u-over');
    const [left, top, wide, high] = [over.offsetLeft, over.offsetTop, over.clientWidth, over.clientHeight].map((one) => Math.round(one * ratio));
    const { data } = canvas.getContext('2d').getImageData(left, top, wide, high);
    const light = (x, y) => data[4 * (y * wide + x)];
    const columns = [...Array(wide).keys()];
    const rows = [...Array(high).keys()];
    const line = columns.findLast((x) => rows.every((y) => light(x, y) < 100));
    const crossed = rows.map((y) => columns.filter((x) => x > line + 2 && light(x, y) < 225 && light(x - 1, y) >= 225).length).sort((a, b) => a - b);
    return { crossed: crossed[high >> 1], wanted: (wide - line) / (7 * Math.SQRT2 * ratio) };
  });
  const share = strokes.crossed / strokes.wanted;
  expect(strokes.wanted > 6 && share > 0.75 && share < 1.25, `arrived: past the line the lines are hatched: ${strokes.crossed} strokes of ${strokes.wanted.toFixed(1)}`);
  await page.keyboard.press('t');
  // What has arrived comes after the table.
  await page.waitForFunction(() => [...document.querySelectorAll('.work tbody td:first-child')].some((cell) => /\d\s%/.test(cell.textContent)), null, { timeout: 10_000 }).catch(() => undefined);
  const said = (await page.locator('.work tbody td:first-child').allInnerTexts()).filter((text) => /\(provisional: (<|under )?\d+\s% arrived\)/.test(plain(text)));
  const weeks = new Set(arrived.map((one) => one.day).filter((day) => day > complete_to)).size;
  equal(said.length, weeks, `arrived: so says the table of each week of which something has: ${plain(said[0] ?? '')}`);
  await page.goto(base);
  await page.waitForSelector('.spark .late', { state: 'attached' });
  equal(await page.locator('.spark .late').evaluateAll((all) => all.some((one) => one.getAttribute('fill').startsWith('url(') && Number(one.getAttribute('width')) > 0)), true, 'arrived: the ends of sparks are hatched');
  equal(wrong, [], 'arrived: nothing goes wrong');
  await close();
}

// Land is land: no thinned island is drawn as everything around it, and countries lie where they are.
function atlas() {
  const topology = JSON.parse(world());
  const { features } = feature(topology, topology.objects.countries);
  const area = features.reduce((sum, country) => sum + geoArea(country), 0) / (4 * Math.PI);
  expect(area > 0.27 && area < 0.31, `atlas: land is ${(100 * area).toFixed(1)} % of the earth`);
  const off = Object.entries({ US: [-98, 39], CN: [103, 36], AU: [134, -25], NL: [5.6, 52], SG: [103.8, 1.4], KR: [127.8, 36.4] }).filter(([id, [lon, lat]]) => Math.hypot(topology.centres[id][0] - lon, topology.centres[id][1] - lat) > 4);
  equal(off, [], 'atlas: centres of countries lie in them');
}

// Names and values of a map lie on no other, and none is cut.
const labelled = (page) =>
  page.evaluate(() =>
    [...document.querySelectorAll('svg.map')].filter((map) => map.getBoundingClientRect().width > 0).map((map) => {
      const boxes = [...map.querySelectorAll('text')].map((text) => ({ text: text.textContent, box: text.getBBox() }));
      const own = map.viewBox.baseVal;
      // The box of a line of text is higher than its letters.
      const touch = ({ box: a }, { box: b }) => a.x < b.x + b.width && b.x < a.x + a.width && a.y + 3 < b.y + b.height - 3 && b.y + 3 < a.y + a.height - 3;
      return {
        texts: boxes.length,
        wrong: [
          ...boxes.flatMap((one, at) => boxes.slice(at + 1).filter((other) => touch(one, other)).map((other) => `${one.text} on ${other.text}`)),
          ...boxes.filter(({ box }) => box.x < 0 || box.x + box.width > own.width || box.y < -2 || box.y + box.height > own.height + 2).map(({ text }) => `${text} is cut`),
        ],
      };
    }),
  );

async function maps(chrome, base, alerts) {
  for (const [size, lang] of [['wide', 'en'], ['narrow', 'es'], ['phone', 'zh']]) {
    const { page, wrong, close } = await open(chrome, base, { size, lang });
    for (const { alert_id } of alerts.slice(0, size === 'wide' ? 3 : 1)) {
      await page.goto(`${base}/alerts/${alert_id}`);
      await page.waitForSelector('#panel-3 .map text', { state: 'attached' });
      const found = await labelled(page);
      equal(found.flatMap(({ wrong }) => wrong), [], `map ${size} ${lang} ${alert_id.slice(0, 6)}: no label lies on another, of ${found.map(({ texts }) => texts).join(' and ')}`);
    }
    for (const query of size === 'wide' ? ['', '?map=a', '?map=change', `?family=${alerts[0].family}`] : ['']) {
      await explore(page, base, query);
      equal((await labelled(page)).flatMap(({ wrong }) => wrong), [], `map of Explore ${size} ${lang} ${query}: no label lies on another`);
    }
    equal(wrong, [], `maps ${size} ${lang}: nothing goes wrong`);
    await close();
  }

  // Widths are those that are printed.
  const { page, wrong, close } = await open(chrome, base);
  const [alert] = alerts;
  await page.goto(`${base}/alerts/${alert.alert_id}`);
  await page.waitForSelector('#panel-3 .after .map [data-route]');
  const scale = Number(plain(await page.locator('#panel-3 .mapkey').innerText()).match(/, ([\d.]+) px per unit/)[1]);
  const days = (Date.parse(alert.windows.after.to) - Date.parse(alert.windows.after.from)) / 86_400_000 + 1;
  const drawn = await page.locator('#panel-3 .after [data-route]').evaluateAll((all) => all.map((one) => [one.dataset.route, Number(one.getAttribute('stroke-width'))]));
  const off = drawn.filter(([id, wide]) => Math.abs(wide - Math.max(1.2, scale * (alert.routes.find(({ route }) => route === id).mass_mg_after / 1e6 / days) * 7)) > 0.01);
  equal([off, drawn.length > 0, Math.max(...drawn.map(([, wide]) => wide)) <= 10], [[], true, true], `map: widths are by the printed ${scale} px, at least 1.2 and at most 10`);
  equal(wrong, [], 'widths: nothing goes wrong');
  await close();
}

// A cursor over corridors; one of the periods, or what changed, on the map.
async function corridors(chrome, base) {
  const { page, wrong, close } = await open(chrome, base);
  await explore(page, base);
  const reading = page.locator('.panel:has(.map-panel) .reading');
  const chart = await page.locator('.volumes .lines').getAttribute('aria-valuenow');
  await page.locator('svg.map').focus();
  await page.keyboard.press('ArrowRight');
  const largest = await page.locator('svg.map [data-route]').evaluateAll((all) => all.reduce((a, b) => (Number(b.getAttribute('stroke-width')) > Number(a.getAttribute('stroke-width')) ? b : a)).dataset.route);
  equal(await page.locator('svg.map .here').count() > 0, true, 'corridors: where the cursor stands is seen');
  const [one, two] = [plain(await reading.innerText()), await page.keyboard.press('ArrowRight').then(async () => plain(await reading.innerText()))];
  expect(/ → .*: A [\d ]+, B [\d ]+ kg/.test(one) && one !== two, `corridors: route and mass are read out, the next is another: ${one}; ${two}`);
  equal(await page.locator('.volumes .lines').getAttribute('aria-valuenow'), chart, 'corridors: the cursor of the chart stays');
  await page.keyboard.press('Home');
  await page.keyboard.press('p');
  await page.waitForURL(/pin=/);
  equal(new URL(page.url()).searchParams.get('pin'), largest, 'corridors: the first is the largest, and p pins the one under the cursor');
  const title = () => page.locator('.panel:has(.map-panel) h2').innerText();
  const widths = () => page.locator('svg.map [data-route]').evaluateAll((all) => all.map((one) => `${one.dataset.route} ${one.getAttribute('stroke-width')}`).sort().join());
  const seen = [[await title(), await widths()]];
  for (const [button, address] of [['A', 'a'], ['Change', 'change']]) {
    await page.locator('.panel:has(.map-panel)').getByRole('button', { name: button, exact: true }).click();
    await page.waitForURL(new RegExp(`map=${address}`));
    seen.push([await title(), await widths()]);
  }
  equal([new Set(seen.map(([title]) => title)).size, new Set(seen.map(([, widths]) => widths)).size], [3, 3], 'corridors: A, B and what changed are three maps, each with its title');
  expect(/[+−]/.test(await page.locator('svg.map').textContent()), 'corridors: what changed has its sign');
  await page.reload();
  await page.waitForSelector('.map circle', { state: 'attached' });
  equal(await title(), seen[2][0], 'corridors: the address says which');
  await page.keyboard.press('b');
  await page.waitForURL(/compare=off/);
  equal(await page.locator('.panel:has(.map-panel) .choice').count(), 0, 'corridors: of one period there is one map');
  equal(wrong, [], 'corridors: nothing goes wrong');
  await close();
}

// On a phone: what is asked first, facets behind Filter, cards that say their one fact, targets that a finger meets.
const small = (page) =>
  page.evaluate(() =>
    [...document.querySelectorAll('main button, main summary, main select, main input, main a.button, dialog[open] button, dialog[open] select, dialog[open] input')]
      .filter((one) => one.checkVisibility())
      .map((one) => one.closest('label') ?? one)
      .filter((one) => one.getBoundingClientRect().height < 43.5)
      .map((one) => `${one.tagName} ${one.textContent.trim().slice(0, 20)} ${one.getBoundingClientRect().height}`),
  );

async function phone(chrome, base, folder, alert) {
  const { page, wrong, close } = await open(chrome, base, { size: 'phone' });
  await page.goto(`${base}/alerts/${alert.alert_id}`);
  await page.waitForSelector('#panel-3 .map circle', { state: 'attached' });
  const folds = await page.locator('.fold .meta').allInnerTexts();
  expect(folds.length >= 6 && folds.every((fact) => fact.trim() !== ''), `phone: folds of an alert carry their fact: ${folds.join('; ')}`);
  expect((await page.locator('.panel:has(h2:text-is("Routes as a table")) tbody tr').count()) > 1, 'phone: the list of routes stands below the map');
  const weak = alert.counter_evidence.filter(({ result }) => result === 'weakens' || result === 'fails').length;
  equal([await page.locator('.checks li').count(), await page.locator('.checks li.weak').count()], [Math.max(3, weak), weak], 'phone: what weakens is never folded');
  await page.locator('#panel-2 .button').click();
  equal(await page.locator('.checks li').count(), alert.counter_evidence.length, 'phone: all checks come after a touch');
  equal(await small(page), [], 'phone: targets of an alert are 44 px');
  await explore(page, base);
  equal(await page.locator('.rail').count(), 0, 'phone: no facets stand between the question and the chart');
  const tops = await page.evaluate(() => ['.actionbar h1', '.volumes', '.routes', '.map-panel'].map((part) => document.querySelector(part).getBoundingClientRect().top));
  equal([...tops].sort((a, b) => a - b), tops, 'phone: sentence, chart, table, map');
  equal(await small(page), [], 'phone: targets of Explore are 44 px');
  const button = page.locator('.actions').getByRole('button', { name: 'Filter' });
  const box = await button.boundingBox();
  expect(box.y > 700 && box.height >= 44, 'phone: Filter stands at the bottom');
  await button.click();
  await page.waitForSelector('dialog[open] .facet');
  equal(await small(page), [], 'phone: targets of the facets are 44 px');
  await holds(page, 'phone, facets');
  await accessible(page, 'phone, facets');
  await page.screenshot({ path: join(folder, 'explore-facets-phone.png') });
  const before = new URL(page.url()).search;
  await page.locator('dialog .substances input').first().click();
  await page.waitForFunction((before) => location.search !== before, before);
  await page.keyboard.press('Escape');
  await page.locator('dialog[open]').waitFor({ state: 'detached' });
  equal(await page.evaluate(() => document.activeElement.textContent.trim()), 'Filter', 'phone: Escape closes the facets and goes back');
  await close();
  equal(wrong, [], 'phone: nothing goes wrong');
}

// A source that is silent beyond its habit: first, hatched, never a zero.
async function silence(chrome, base, folder) {
  const list = await json(`${base}/api/v1/sources`);
  const named = list.sources[list.sources.length - 1].source;
  const days = 34;
  const before = (end) => (days) => new Date(Date.parse(end) - days * 86_400_000).toISOString().slice(0, 10);
  const [back, day] = [before(list.recent_to), before(list.closed_to)];
  // One is silent, one was and has come back, both go on being what they are in the account of others, and one is late.
  const past = list.sources[0].source;
  const late = list.sources[1].source;
  const [since, until] = [60, 41];
  const sources = list.sources.map((one) => {
    const own = { ...one, silences: [], usual_gap_days: 9 };
    if (one.source === named) return { ...own, last_report: back(days), silences: [{ from: back(days - 1) }], recent: one.recent.map((count, at, all) => (at >= all.length - days ? 0 : count + 1)) };
    if (one.source === past) return { ...own, silences: [{ from: back(since), to: back(until) }], recent: one.recent.map((count, at, all) => (at >= all.length - 1 - since && at <= all.length - 1 - until ? 0 : count + 1)) };
    return { ...own, last_report: day(one.source === late ? 10 : 9) };
  });
  for (const size of ['wide', 'narrow', 'phone']) {
    const { page, wrong, close } = await open(chrome, base, { size });
    await page.route('**/api/v1/sources', (route) => route.fulfill(answer({ ...list, sources })));
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
    const other = await page.locator('.days .silent').nth(1).evaluate((rect) => [Number(rect.getAttribute('x')), Number(rect.getAttribute('width'))]);
    equal(other, [(91 - since) * 3 + 0.5, (since - until + 1) * 3 - 1], `silence ${size}: a silence that is over is hatched where it was`);
    equal(await page.locator('.days .silent').count(), 2, `silence ${size}: and no other's`);
    equal(await page.locator('.sources tr.note, .card.note').count(), 1, `silence ${size}: one that is over is none`);
    equal(plain(await page.locator('h1').innerText()), `${sources.length - 2} of ${sources.length} sources on time. 1 late, 1 silent beyond the habit.`, `silence ${size}: all are told of`);
    const second = plain(await page.locator(size === 'phone' ? '.card summary' : '.sources tbody tr').nth(1).innerText());
    expect(second.includes(late) && /Late\b/.test(second) && /10 d/.test(second), `silence ${size}: next is the one that is late: ${second.slice(0, 60)}`);
    equal((await page.locator('.withicon').allInnerTexts()).filter((text) => /Late\b/.test(text)).length, 1, `silence ${size}: its usual gap is not late`);
    if (size !== 'phone') {
      expect(words.includes('up to 9 d'), `silence ${size}: its usual gap stands beside it`);
      equal(await page.locator('.bar nav a[href="/health"] .count').innerText(), '1', `silence ${size}: the bar counts it`);
    }
    if (size === 'phone') {
      const cards = await page.locator('.card').evaluateAll((all) => all.map((card) => [card.open, /Silent|Late|Complete to/.test(card.querySelector('summary').textContent)]));
      equal(cards, sources.map((_, at) => [at === 0, true]), 'silence phone: the silent one is open, the others folded with their one fact');
      const folds = await page.locator('.fold .meta').allInnerTexts();
      expect(folds.length === 4 && folds.every((fact) => fact.trim() !== ''), `silence phone: folds carry their fact: ${folds.join('; ')}`);
      equal(await small(page), [], 'silence phone: targets of Data health are 44 px');
      await page.screenshot({ path: join(folder, 'silent-phone.png') });
    } else {
      await first.focus();
      await page.keyboard.press('Enter');
      expect(/First report/.test(await page.locator('tr.opened').innerText()), `silence ${size}: Enter opens a source`);
      equal(new URL(page.url()).searchParams.get('source'), named, `silence ${size}: which is open is in the address`);
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
  const { page, wrong, close } = await open(chrome, base);
  const returned = sources.map((one) => (one.source === named ? { ...one, silences: [], last_report: day(0) } : one));
  await page.route('**/api/v1/sources', (route) => route.fulfill(answer({ ...list, sources: returned })));
  await page.goto(`${base}/health`);
  await page.waitForFunction(() => /\d/.test(document.querySelector('h1').textContent));
  equal(plain(await page.locator('h1').innerText()), `${sources.length - 1} of ${sources.length} sources on time. 1 late, 0 silent beyond the habit.`, 'silence: one is late and none is silent');
  equal(wrong, [], 'silence: nothing goes wrong');
  await close();
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

// Where the cursor stands and which charts are tables is in the address: whoever gets it sees the same.
async function addressed(chrome, base, alert) {
  for (const [path, chart, cursor, name] of [
    ['/explore', '.lines', '.reading b', 'chart'],
    ['/health', '.days', '.reading b', 'days'],
    [`/alerts/${alert.alert_id}`, '#panel-1 svg[role=slider]', '#panel-1 .reading b', 'shares'],
  ]) {
    const { page, wrong, close } = await open(chrome, base);
    const words = `address of ${path.split('/')[1]}`;
    const read = async () => {
      const text = page.locator(cursor).filter({ hasText: /\d{4}/ }).first();
      await text.waitFor();
      return text.innerText();
    };
    await page.goto(base + path);
    await page.locator(chart).first().waitFor();
    const first = await read();
    for (const key of ['ArrowRight', 'ArrowRight', 'Shift+ArrowLeft', 'ArrowRight']) await page.keyboard.press(key);
    await page.waitForFunction(() => location.search.includes('day='));
    const day = await read();
    expect(day !== first, `${words}: keys move the cursor, from ${first} to ${day}`);
    await page.reload();
    await page.locator(chart).first().waitFor();
    equal(await read(), day, `${words}: the cursor stands where it stood`);
    await page.keyboard.press('t');
    await page.locator('button[aria-pressed=true]:has-text("Table")').first().waitFor();
    equal(new URL(page.url()).searchParams.get('table'), name, `${words}: the chart stands as a table`);
    await page.reload();
    await page.locator('button[aria-pressed=true]:has-text("Table")').first().waitFor();
    equal(wrong, [], `${words}: nothing goes wrong`);
    await close();
  }
}

// What was chosen stands in its field when the page is opened again.
async function chosen(chrome, base) {
  const { page, wrong, close } = await open(chrome, base, { lang: 'es' });
  await explore(page, base);
  const fields = () => page.locator('select').evaluateAll((all) => all.map((one) => one.value));
  const [families, markets] = await page.locator('main select').evaluateAll((all) => all.map((one) => [...one.options].map(({ value }) => value)));
  const [family, market] = [families, markets].map((ids) => ids.at(-1));
  expect(families.length > 1 && markets.length > 1, `chosen: one of ${families.length} families, one of ${markets.length} markets`);
  await page.goto(`${base}/explore?family=${family}&market=${market}`);
  await page.locator(`main option[value="${market}"]`).waitFor({ state: 'attached' });
  const [lang, , ...of] = await fields();
  equal([lang, ...of], ['es', family, market], 'chosen: fields show the language, the family and the market');
  equal(wrong, [], 'chosen: nothing goes wrong');
  await close();
}

// So are the corridor of a map's cursor, the day of the statistic's and the reason of the rejects'.
async function cursors(chrome, base, alert) {
  for (const [path, chart, reading, name, keys] of [
    ['/explore', '.map-panel svg.map', '.panel:has(.map-panel) .reading', 'route', ['ArrowRight', 'ArrowRight']],
    [`/alerts/${alert.alert_id}`, '.maps svg.map', '#panel-3 .reading', 'route', ['ArrowRight', 'ArrowRight']],
    [`/alerts/${alert.alert_id}`, '#panel-5 svg[role=slider]', '#panel-5 .reading', 'told', ['ArrowLeft', 'ArrowLeft']],
    ['/health', '#panel-1 svg[role=slider]', '#panel-1 .reading', 'reason', ['ArrowDown']],
  ]) {
    const { page, wrong, close } = await open(chrome, base);
    const words = `address of ${path.split('/')[1]}, ${name}`;
    if (path === '/health') await rejecting(page, base);
    await page.goto(base + path);
    await page.locator(chart).first().focus();
    const first = await page.locator(reading).innerText();
    for (const key of keys) await page.keyboard.press(key);
    await page.waitForFunction((name) => location.search.includes(`${name}=`), name);
    const said = await page.locator(reading).innerText();
    expect(said !== first, `${words}: keys move the cursor, to ${said}`);
    await page.reload();
    await page.locator(chart).first().waitFor();
    await page.waitForFunction(([reading, said]) => document.querySelector(reading)?.innerText === said, [reading, said], { timeout: 5_000 }).catch(() => undefined);
    equal(await page.locator(reading).innerText(), said, `${words}: the cursor stands where it stood`);
    equal(wrong, [], `${words}: nothing goes wrong`);
    await close();
  }
}

export async function charts(chrome, base, folder) {
  const alerts = await onDesk(base);
  atlas();
  await allFour(chrome, base, alerts[0]);
  await reporters(chrome, base, alerts[0]);
  await arrival(chrome, base, alerts[0]);
  await maps(chrome, base, alerts);
  await corridors(chrome, base);
  await phone(chrome, base, folder, alerts[0]);
  await silence(chrome, base, folder);
  await broken(chrome, base, alerts[0]);
  await addressed(chrome, base, alerts[0]);
  await chosen(chrome, base);
  await cursors(chrome, base, alerts[0]);
}
