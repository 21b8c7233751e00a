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

  for (const size of Object.keys(SIZES)) {
    for (const theme of ['light', 'dark']) {
      const { page, close } = await open(chrome, base, { size, theme });
      await served(page);
      await page.goto(`${base}/admin`);
      await lines(page).first().waitFor();
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

export async function inboxAndAdmin(chrome, base, folder) {
  await audit(chrome, base, folder);
  await longLists(chrome, base);
}
