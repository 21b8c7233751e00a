// Inbox, Admin and Sign-in beyond the jobs of a shift: what is asked of the server is answered here where a test must say it.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { accessible, equal, expect, holds, open, SIZES } from './harness.mjs';

const answer = (body, status = 200) => ({ status, contentType: status < 400 ? 'application/json' : 'application/problem+json', body: JSON.stringify(body) });

// The audit log: newest first, a page at a time, every action in words.
async function audit(chrome, base, folder) {
  const actions = ['viewed_red', 'viewed_amber_strict', 'exported', 'triaged', 'noted', 'key_created', 'key_revoked', 'session_started', 'session_ended', 'sign_in_failed', 'drill_ordered'];
  const entry = (sequence) => ({ sequence, at: `2026-11-27T09:${String(sequence % 60).padStart(2, '0')}:41Z`, actor: 'AN-11', action: actions[sequence % actions.length], object: `/api/v1/alerts/${sequence}`, detail: sequence === 1 ? '=1+1' : '', hash: String(sequence).padStart(64, '0') });
  const asked = [];
  const served = async (page) =>
    page.route('**/api/v1/audit?*', (route) => {
      const query = new URL(route.request().url()).searchParams;
      asked.push(query.get('cursor'));
      const before = Number(query.get('cursor') ?? 151);
      const entries = Array.from({ length: Math.min(100, before - 1) }, (_, at) => entry(before - 1 - at));
      return route.fulfill(answer({ entries, ...(before > 101 ? { next_cursor: String(before - 100) } : {}) }));
    });
  const lines = (page) => page.locator('.audit tbody tr');

  const { page, wrong, close } = await open(chrome, base);
  await served(page);
  await page.goto(`${base}/admin`);
  await lines(page).first().waitFor();
  equal((await lines(page).first().innerText()).split('\t').map((cell) => cell.replaceAll('\u00a0', ' ')).slice(0, 5), ['150', '27 Nov 2026 09:30 UTC', 'AN-11', 'Signed in', '/api/v1/alerts/150'], 'audit: number, time, who, what and on what');
  equal(await lines(page).count(), 100, 'audit: a page of it');
  const said = await lines(page).evaluateAll((all) => [...new Set(all.map((one) => one.children[3].textContent))]);
  equal([said.length, said.filter((words) => actions.includes(words.replaceAll(' ', '_')))], [actions.length, []], 'audit: every action is said in words');
  expect((await page.locator('main').innerText()).includes('headwater audit verify'), 'audit: it says what checks the chain');
  await page.getByText('Older', { exact: true }).click();
  await page.waitForURL(/audit=51/);
  await page.waitForFunction(() => document.querySelectorAll('.audit tbody tr').length === 50);
  equal(await page.getByText('Older', { exact: true }).count(), 0, 'audit: the last page ends it');
  const [download] = await Promise.all([page.waitForEvent('download'), page.locator('.panel:has(.audit)').getByText('CSV', { exact: true }).click()]);
  const csv = readFileSync(await download.path()).toString().trim().split('\n');
  equal([csv.length, csv[1].split(',')[0], csv[1].split(',')[6].length, csv[1].includes('TLP:RED')], [51, '50', 64, true], 'audit: the file holds what is shown, with each hash and the marking');
  expect(csv[50].includes("'=1+1"), 'audit: no cell of the file is run by a spreadsheet');
  await page.reload();
  await page.waitForFunction(() => document.querySelectorAll('.audit tbody tr').length === 50);
  await page.goBack();
  await page.waitForFunction(() => document.querySelectorAll('.audit tbody tr').length === 100);
  equal(asked, [null, '51', '51', null], 'audit: the address holds the page');
  equal(wrong, [], 'audit: nothing goes wrong');
  await close();

  {
    const { page, wrong, close } = await open(chrome, base);
    const { alerts } = await (await fetch(`${base}/api/v1/alerts?limit=1`)).json();
    await fetch(`${base}/api/v1/alerts/${alerts[0].alert_id}/notes`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ body: 'for the log' }) });
    await page.goto(`${base}/admin`);
    await page.waitForSelector('.audit >> text=Added a note');
    expect(true, 'audit: what was done just now stands in it');
    equal(wrong, [], 'audit: the real log is read without a fault');
    await close();
  }
  for (const size of Object.keys(SIZES)) {
    for (const theme of ['light', 'dark']) {
      const { page, close } = await open(chrome, base, { size, theme });
      await served(page);
      await page.goto(`${base}/admin`);
      await lines(page).first().waitFor();
      await page.waitForSelector('.strip .simulated', { state: 'attached' });
      await holds(page, `audit ${size} ${theme}`);
      await accessible(page, `audit ${size} ${theme}`);
      await page.screenshot({ path: join(folder, `audit-${size}-${theme}.png`) });
      await close();
    }
  }
  for (const lang of ['es', 'zh']) {
    const { page, close } = await open(chrome, base, { lang });
    await served(page);
    await page.goto(`${base}/admin`);
    await lines(page).first().waitFor();
    const said = await lines(page).evaluateAll((all) => [...new Set(all.map((one) => one.children[3].textContent))]);
    equal([said.length, said.filter((words) => actions.includes(words.replaceAll(' ', '_')))], [actions.length, []], `audit ${lang}: every action is said in words`);
    await close();
  }
}

// Keys and sessions are not cut off where a page ends.
async function longLists(chrome, base) {
  const { page, wrong, close } = await open(chrome, base);
  const row = (n) => ({ id: `k${n}`, name: `feed ${n}`, handle: `AN-${n}`, roles: ['service'], marking: 'TLP:GREEN', organisations: [], created_by: 'AN-11', created_at: '2026-11-27T09:12:00Z', last_used: '2026-11-27T09:12:00Z', expires: '2036-11-27T09:12:00Z' });
  for (const name of ['keys', 'sessions']) {
    await page.route(`**/api/v1/${name}?*`, (route) => {
      const after = Number(new URL(route.request().url()).searchParams.get('cursor') ?? 0);
      return route.fulfill(answer({ [name]: [row(after + 1), row(after + 2)], ...(after < 4 ? { next_cursor: String(after + 2) } : {}) }));
    });
  }
  await page.goto(`${base}/admin`);
  for (const [name, words] of [['keys', 'feed 6'], ['sessions', 'AN-6']]) {
    const panel = page.locator('.panel', { hasText: name === 'keys' ? 'Keys of programs' : 'Sessions of people' });
    await panel.getByText('Next page').click();
    await page.waitForURL(new RegExp(`${name}=2`));
    await panel.getByText('Next page').click();
    await panel.getByText(words).waitFor();
    equal(await panel.getByText('Next page').count(), 0, `${name}: the last page ends it`);
  }
  await page.reload();
  await page.getByText('feed 6').waitFor();
  equal(wrong, [], 'long lists: nothing goes wrong');
  await close();
}

const loaded = (page) => page.waitForSelector('[role=row][aria-selected=true]');
const rows = (page) => page.locator('[role=row][aria-selected]').count();

// Saved views: kept, found again by their address, changed, shared, forgotten; by keyboard.
async function savedViews(chrome, base) {
  const api = async (path, method = 'GET', body) => (await fetch(`${base}/api/v1${path}`, { method, ...(body && { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }) })).json();
  const { page, wrong, close } = await open(chrome, base);
  const tab = (name) => page.locator('.names a', { hasText: name });
  const say = async (...all) => {
    for (const key of all) await page.keyboard.press(key);
  };
  const { alerts } = await api('/alerts?limit=200');
  // Of one that is on the desk: the first of all may have ended.
  const { family } = alerts.find(({ status }) => ['raised', 'updated'].includes(status));
  await page.goto(`${base}/?family=${family}&sort=newest`);
  await loaded(page);
  const shown = await rows(page);
  await say('w');
  await page.keyboard.type('First look');
  await say('Enter');
  await tab('First look').waitFor();
  const id = new URL(page.url()).searchParams.get('view');
  const kept = await api(`/views/${id}`);
  equal([kept.name, kept.filters, kept.organisation], ['First look', { family, sort: 'newest' }, undefined], 'views: the filters and the order are kept under a name');
  equal([await tab('First look').getAttribute('aria-current'), await tab('First look').locator('.count').innerText()], ['true', String(shown)], 'views: it is a tab with its count');
  equal(await page.evaluate(() => document.activeElement === document.body || document.activeElement.closest('main') !== null), true, 'views: the focus goes back');

  await page.goto(`${base}/?view=${id}`);
  await page.waitForURL(new RegExp(`family=${family}`));
  await loaded(page);
  equal([await rows(page), new URL(page.url()).searchParams.get('sort')], [shown, 'newest'], "views: a view's address opens it with what it keeps");

  const market = alerts.find((alert) => alert.family === family).market;
  await page.goto(`${base}/?view=${id}&family=${family}&sort=newest&market=${market}`);
  await loaded(page);
  await page.getByText('Back to “First look”').waitFor();
  await say('w', 'End');
  await page.keyboard.type(' there');
  await say('Enter');
  await tab('First look there').waitFor();
  const changed = await api(`/views/${id}`);
  equal([changed.version, changed.name, changed.filters.market], [2, 'First look there', market], 'views: replaced and renamed');
  equal(await page.getByText('Back to “').count(), 0, 'views: what is asked is what it keeps');

  await say('w');
  await api(`/views/${id}`, 'PUT', { version: 2, view: { name: 'From elsewhere', filters: { family } } });
  await say('Enter');
  await page.locator('dialog[open] [role=alert]').waitFor();
  expect((await page.locator('dialog[open]').innerText()).includes('“From elsewhere”') && (await page.locator('dialog[open]').innerText()).includes('Your choice is kept'), 'views: a stale change says what stands now and keeps the choice');
  await page.locator('dialog[open] input').nth(1).fill('INCB');
  await page.locator('dialog[open] select').last().selectOption('TLP:GREEN');
  await page.getByText('Apply again').click();
  await page.locator('dialog[open]').waitFor({ state: 'detached' });
  const shared = await api(`/views/${id}`);
  equal([shared.version, shared.name, shared.organisation, shared.marking], [4, 'First look there', 'INCB', 'TLP:GREEN'], 'views: applied again, and shared with an organisation up to a label');

  await page.locator('.names a').first().click();
  await page.waitForURL((url) => !url.search.includes('family='));
  expect(true, 'views: whoever leaves a view leaves its filters');
  await say('w');
  await page.keyboard.type('First look there');
  expect((await page.locator('dialog[open]').innerText()).includes('You have a view of this name'), 'views: two of a name are refused in words');
  await say('Escape');
  await page.goto(`${base}/?view=${id}`);
  await page.waitForURL(/family=/);
  await page.waitForSelector('.names a[aria-current=true] >> text=First look there');
  await say('w');
  await page.getByText('Forget', { exact: true }).click();
  await page.getByText('Forget it for good').click();
  await page.locator('dialog[open]').waitFor({ state: 'detached' });
  equal([(await api('/views')).views.length, await tab('First look').count()], [0, 0], 'views: forgotten');
  await page.goto(`${base}/?view=${id}`);
  await page.waitForSelector('text=No view with this id that you may see');
  await loaded(page);
  expect(true, 'views: an unknown one says so, and the list is there');
  equal(wrong.filter((line) => !line.includes('409')), [], 'views: nothing else goes wrong');

  await page.route('**/api/v1/views?*', (route) => route.fulfill(answer({ views: [{ ...shared, owner: 'AN-11', name: 'Border' }] })));
  await page.goto(`${base}/?view=${id}`);
  await page.waitForURL(new RegExp(`family=${family}`));
  await tab('Border (AN-11)').waitFor();
  await say('w');
  expect((await page.locator('dialog[open]').innerText()).includes('Shared by AN-11'), "views: another's is saved as one's own");
  await accessible(page, 'saving a view');
  await close();
}

// Quiet proves that it looked, and the week's budget drops nothing.
async function quiet(chrome, base, folder) {
  const listed = async (page, change) =>
    page.route('**/api/v1/alerts?*', async (route) => {
      const list = await (await route.fetch()).json();
      return route.fulfill(answer(change(list)));
    });
  const cases = [
    ['with cells', { cells: { watched: 386, not_watched: 26 } }, 'Nothing raised since 3 Jul 2026. 386 cells watched, 26 not.'],
    ['without cells', { cells: null }, 'Nothing raised since 3 Jul 2026. Detection closed every day up to'],
  ];
  for (const [words, change, wanted] of cases) {
    const { page, wrong, close } = await open(chrome, base);
    await listed(page, (list) => ({ ...list, ...change, alerts: [], beside: [], next_cursor: undefined, counts: { ...list.counts, matching: 0, without_filter: 0, raised_in_week: 0, last_raised: '2026-07-03' } }));
    await page.goto(`${base}/`);
    await page.locator('.state p').first().waitFor();
    const said = (await page.locator('.state').innerText()).replaceAll('\u00a0', ' ');
    expect(said.includes(wanted), `quiet ${words}: ${said.split('\n')[0]}`);
    await accessible(page, `quiet ${words}`);
    await page.screenshot({ path: join(folder, `quiet-${words.replace(' ', '-')}.png`) });
    await page.locator('.state a').click();
    await page.waitForURL(/health/);
    equal(wrong, [], `quiet ${words}: nothing goes wrong`);
    await close();
  }

  // Simulated is said before anything is loaded, and of nothing at all; not to whoever may see nothing simulated.
  for (const simulated of [true, false]) {
    const { page, wrong, close } = await open(chrome, base);
    let loaded = () => undefined;
    const waits = new Promise((done) => (loaded = done));
    await page.route('**/api/v1/me', async (route) => {
      const me = await (await route.fetch()).json();
      return route.fulfill(answer(simulated ? me : { ...me, simulated }));
    });
    await page.route('**/api/v1/sources', async (route) => {
      const list = await (await route.fetch()).json();
      return route.fulfill(answer(simulated ? list : { ...list, sources: [] }));
    });
    await page.route('**/api/v1/alerts?*', async (route) => {
      const list = await (await route.fetch()).json();
      await waits;
      return route.fulfill(answer({ ...list, alerts: [], beside: [], next_cursor: undefined }));
    });
    const said = async () => (await page.locator('.strip').allInnerTexts()).map((text) => text.includes('SIMULATED DATA'));
    await page.goto(`${base}/`);
    await page.waitForSelector('.inbox >> text=Loading');
    equal(await said(), [simulated, simulated], `simulated ${simulated}: before anything is loaded`);
    loaded();
    await page.locator('.state a').waitFor();
    equal(await said(), [simulated, simulated], `simulated ${simulated}: of an empty list`);
    equal(wrong, [], `simulated ${simulated}: nothing goes wrong`);
    await close();
  }

  const { page, wrong, close } = await open(chrome, base);
  let within = 2;
  await listed(page, (list) => ({ ...list, counts: { ...list.counts, raised_in_week: 3, weekly_budget: 10 }, beside: list.beside.map(({ triage }) => ({ triage: { ...triage, state: 'new', version: 0 } })), alerts: list.alerts.map((alert, at) => ({ ...alert, status: 'raised', as_of: list.closed_to, priority: { ...alert.priority, within_budget: at < within } })) }));
  await page.goto(`${base}/`);
  await loaded(page);
  expect((await page.locator('.tabs').innerText()).includes('Raised this week 3, budget 10'), 'budget: what was raised this week, and how much that may be');
  const order = await page.locator('.beyond, [role=row][aria-selected]').evaluateAll((all) => all.map((one) => one.className.includes('beyond')));
  equal([order.indexOf(true), order.filter(Boolean).length, order.length > 4], [2, 1, true], 'budget: a rule stands where it ends, and nothing is dropped');
  within = 1000;
  await page.reload();
  await loaded(page);
  equal(await page.locator('.beyond').count(), 0, 'budget: no rule where all is within it');
  equal(wrong, [], 'budget: nothing goes wrong');
  await close();
}

// Sign-in says how things stand, and leads back to the same address.
async function signIn(chrome, base, folder) {
  const problem = (status, title) => answer({ type: 'urn:headwater:sign-in', title, status, detail: '' }, status);
  const expected = (wrong) => wrong.filter((line) => !/40[134]|503/.test(line));
  const shown = async (page, words) => {
    await page.waitForSelector(`.signin >> text=${words}`);
    equal(await page.locator('.strip .tlp').allInnerTexts(), ['TLP:CLEAR', 'TLP:CLEAR'], `sign-in, ${words}: this page holds no data`);
    equal(await page.locator('.bar .count').count(), 0, `sign-in, ${words}: it counts none either`);
    equal(await page.evaluate(() => document.activeElement.closest('.signin') !== null), true, `sign-in, ${words}: Enter is enough`);
    await accessible(page, `sign-in, ${words}`);
  };
  for (const size of Object.keys(SIZES)) {
    for (const theme of ['light', 'dark']) {
      const { page, wrong, close } = await open(chrome, base, { size, theme });
      await page.route('**/api/v1/**', (route) => route.fulfill(problem(401, 'Say who you are')));
      await page.goto(`${base}/explore?family=heroin`);
      await shown(page, 'You are not signed in.');
      await page.screenshot({ path: join(folder, `sign-in-${size}-${theme}.png`) });
      equal(expected(wrong), [], `sign-in ${size} ${theme}: nothing else goes wrong`);
      await close();
    }
  }
  // The organisation's own text, line by line and as it is written; and whether all of it is simulated.
  for (const [told, simulated] of [[null, 0], [{ notice: null, simulated: true }, 3]]) {
    const { page, wrong, close } = await open(chrome, base);
    await page.route('**/api/v1/**', (route) => route.fulfill(problem(401, 'Say who you are')));
    if (told) await page.route('**/auth/notice', (route) => route.fulfill(answer(told)));
    await page.goto(`${base}/`);
    await shown(page, 'You are not signed in.');
    if (told) await page.waitForSelector('.signin >> text=SIMULATED DATA');
    else equal((await page.locator('.signin .own').innerText()).split('\n'), ['Desk of the north. <b>What you do here is logged.</b>', '', 'Ask the operator to be let in.'], "sign-in: the organisation's own text with its lines");
    equal(await page.getByText('SIMULATED DATA').count(), simulated, `sign-in: ${simulated ? 'said to be simulated, here and in both strips' : 'not said to be simulated'}`);
    equal(expected(wrong), [], 'sign-in, what it tells: nothing else goes wrong');
    await close();
  }
  // What the server sends a browser back with that it could not sign in.
  for (const [why, words] of [['again', 'This sign-in took too long'], ['no_role', 'You are signed in, but have no role here.'], ['refused', 'The sign-in service did not let you in.'], ['down', 'The sign-in service does not answer since']]) {
    const { page, wrong, close } = await open(chrome, base);
    await page.route('**/api/v1/**', (route) => route.fulfill(problem(401, 'Say who you are')));
    await page.route('**/auth/sign-in?*', (route) => route.fulfill({ status: 303, headers: { location: '/health' } }));
    await page.goto(`${base}/?sort=newest&sign_in=${why}`);
    await shown(page, words);
    const [asked] = await Promise.all([page.waitForRequest((request) => request.isNavigationRequest() && request.url().includes('/auth/sign-in')), page.keyboard.press('Enter')]);
    equal(new URL(asked.url()).searchParams.get('return_to'), '/?sort=newest', `sign-in, ${words}: the reason does not come back`);
    equal(expected(wrong), [], `sign-in, ${words}: nothing else goes wrong`);
    await close();
  }
  const { page, wrong, close } = await open(chrome, base);
  let down = true;
  await page.route('**/auth/sign-in?*', (route) => (down ? route.fulfill(problem(503, 'Busy')) : route.fulfill({ status: 303, headers: { location: '/health' } })));
  let known = true;
  await page.route('**/api/v1/**', (route) => (known ? route.continue() : route.fulfill(problem(401, 'Say who you are'))));
  await page.goto(`${base}/?sort=newest`);
  await loaded(page);
  known = false;
  await page.keyboard.press('r');
  await shown(page, 'Your session ended.');
  await page.keyboard.press('Enter');
  await page.waitForSelector('text=/does not answer since \\d\\d:\\d\\d UTC. Tell the operator; alerts are still delivered/');
  await page.screenshot({ path: join(folder, 'sign-in-down.png') });
  down = false;
  const [asked] = await Promise.all([page.waitForRequest((request) => request.isNavigationRequest() && request.url().includes('/auth/sign-in')), page.getByRole('button', { name: 'Sign in' }).click()]);
  expect(decodeURIComponent(new URL(asked.url()).searchParams.get('return_to')).startsWith('/?sort=newest'), 'sign-in: it leads back to the same address');
  equal(expected(wrong), [], 'session ended: nothing else goes wrong');
  await close();

  for (const [words, status] of [['You are signed in, but have no role here.', 303], ['Open on this machine only', 404]]) {
    const { page, wrong, close } = await open(chrome, base);
    let refused = true;
    await page.route('**/auth/sign-in?*', (route) => route.fulfill(status === 303 ? { status, headers: { location: '/health' } } : problem(404, 'Not found')));
    await page.route('**/api/v1/me', (route) => (refused ? route.fulfill(problem(403, 'You may not do this')) : route.continue()));
    await page.goto(`${base}/`);
    await shown(page, words);
    refused = false;
    await page.keyboard.press('Enter');
    await loaded(page);
    equal(expected(wrong), [], `${words} nothing else goes wrong`);
    await close();
  }
}

// What stands together is the same, and is called by its name.
async function sameNumbers(chrome, base) {
  const { alerts } = await (await fetch(`${base}/api/v1/alerts?limit=200`)).json();
  const differ = ({ strata, evidence }) => strata.reduce((sum, row) => sum + row.falling_before + row.rising_before + row.falling_after + row.rising_after, 0) !== evidence.count;
  const moved = alerts.filter(({ kind }) => kind === 'displacement');
  const alert = moved.find(differ) ?? moved[0] ?? alerts[0];
  const whole = (n) => String(n).replace(/\B(?=(\d{3})+$)/g, '\u202f');
  const records = [...alert.falling, ...alert.rising].reduce((sum, mover) => sum + mover.records_before + mover.records_after, 0);
  const { page, wrong, close } = await open(chrome, base);
  await page.goto(`${base}/alerts/${alert.alert_id}`);
  await page.waitForSelector('#panel-7 tr[data-keys]');
  equal(await page.locator('#panel-4 .sum td').nth(1).innerText(), `${whole(records)} records of ${whole(alert.evidence.count)} events`, 'numbers: the reporters add up to the records, and events are events');
  expect((await page.locator('#panel-7 header').innerText()).includes(`of ${whole(alert.evidence.count)} events`), 'numbers: the records behind it are counted as events');
  const labels = (await page.locator('.six').innerText()) + (await page.locator('.lead').innerText());
  equal(labels.match(/\b[A-Z]{2} → [A-Z]{2}\b/g), null, 'numbers: a route is said by its countries');
  const total = { steady: 'as many records', rose: 'more records', fell: 'fewer records' }[alert.family_total.level];
  expect(labels.toLowerCase().includes(`${total} came`), 'numbers: the level is of records');
  await page.setViewportSize({ width: 1280, height: 800 });
  equal(new Set(await page.locator('.six .big').evaluateAll((all) => all.map((one) => one.getBoundingClientRect().top))).size, 1, 'numbers: the six stand in one row at 1280');
  await page.goto(`${base}/?alert=${alert.alert_id}&view=${alert.status === 'expired' ? 'closed' : ''}`);
  await loaded(page);
  expect((await page.locator('.preview .facts').innerText()).includes(`, ${total}`), 'numbers: so is the level of the preview');
  equal(wrong, [], 'numbers: nothing goes wrong');
  await close();
}

export async function inboxAndAdmin(chrome, base, folder) {
  await audit(chrome, base, folder);
  await longLists(chrome, base);
  await savedViews(chrome, base);
  await quiet(chrome, base, folder);
  await signIn(chrome, base, folder);
  await sameNumbers(chrome, base);
}
