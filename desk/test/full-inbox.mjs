// An inbox that is full: node test/full-inbox.mjs ADDRESS FOLDER DAY, over a world that is closed up to a day.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { accessible, browser, equal, expect, failed, holds, open, SIZES } from './harness.mjs';

const [, , base, folder, day] = process.argv;
// What the desk's brief asks of a screen of 1440 x 900.
const ROWS = 12;
mkdirSync(folder, { recursive: true });
const api = async (path, body) => {
  const answer = await fetch(`${base}/api/v1${path}`, body && { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });
  if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
  return answer.json();
};
const decide = async ({ alert_id }, ...commands) => {
  for (const command of commands) await api(`/alerts/${alert_id}/triage`, { version: (await api(`/alerts/${alert_id}/triage`)).version, ...command });
};

// Detection takes its time: it has closed every day when it has closed the last.
let list;
do {
  await new Promise((done) => setTimeout(done, 500));
  list = await api('/alerts?limit=200');
} while (list.closed_to !== day);

// A desk in the middle of a shift: some new, some looked at, some put aside, one that ended this week, the rest closed.
const age = ({ as_of }) => (Date.parse(day) - Date.parse(as_of)) / 86_400_000;
const ended = list.alerts.filter((alert) => ['withdrawn', 'expired'].includes(alert.status) && age(alert) <= 7);
const standing = list.alerts.filter(({ status }) => ['raised', 'updated'].includes(status));
expect(ended.length > 0 && standing.length + ended.length >= ROWS, `a full desk: ${standing.length} alerts stand, ${ended.length} ended this week`);
const kept = standing.slice(0, ROWS - ended.length);
for (const alert of standing.slice(kept.length)) await decide(alert, { command: 'close', reason: 'licit_trade' });
const until = new Date(Date.now() + 21 * 86_400_000).toISOString();
for (const [at, alert] of kept.entries()) {
  if (at >= 3) await api(`/alerts/${alert.alert_id}/looked`, { revision: alert.revision });
  if (at % 3 === 0) await decide(alert, { command: 'assign', assignee: `AN-0${at + 1}` });
  if (at >= kept.length - 2) await decide(alert, { command: 'acknowledge', until });
}

const chrome = await browser();
const loaded = async (page) => {
  await page.waitForSelector('[role=row][aria-selected=true]');
  // What is not shown is not asked for.
  await page.waitForFunction(() => !document.querySelector('.row .spark').checkVisibility() || document.querySelector('.row .spark path'));
  await page.waitForTimeout(800);
};
// What is drawn, in numbers.
const measured = (page) =>
  page.evaluate(() => {
    const box = (element) => {
      const { left, top, right, bottom, width, height } = element.getBoundingClientRect();
      return { left, top, right, bottom, width, height };
    };
    const all = (what, of = document) => [...of.querySelectorAll(what)].filter((one) => one.checkVisibility());
    const rows = all('.row[aria-selected]');
    const cells = rows.map((row) => all('[role=gridcell]', row));
    const lines = (range) => new Set([...range.getClientRects()].filter(({ width }) => width > 0).map(({ top }) => Math.round(top))).size;
    // The dates and the names with a hyphen of headlines, and on how many lines each stands.
    const texts = (of) => [...of.childNodes].flatMap((node) => (node.nodeType === 3 ? [node] : texts(node)));
    const within = (expression) =>
      all('.row .headline a').flatMap(texts).flatMap((text) =>
        [...text.data.matchAll(expression)].map(({ 0: found, index }) => {
          const range = document.createRange();
          range.setStart(text, index);
          range.setEnd(text, index + found.length);
          return lines(range);
        }),
      );
    const selected = document.querySelector('.row[aria-selected=true]');
    const token = (name) => {
      const probe = document.body.appendChild(document.createElement('i'));
      probe.style.color = `var(${name})`;
      const { color } = getComputedStyle(probe);
      probe.remove();
      return color;
    };
    const style = selected && getComputedStyle(selected);
    return {
      rows: rows.map(box),
      groups: all('.group').map(box),
      groupLines: all('.group').map((group) => [group.textContent.trim(), lines((() => { const range = document.createRange(); range.selectNodeContents(group); return range; })())]),
      columns: [...new Set(cells.map((row) => JSON.stringify(row.map((cell) => [box(cell).left, box(cell).width]))))],
      heads: all('.row.head [role=columnheader]').map((head) => box(head).left),
      first: cells[0]?.map((cell) => box(cell).left),
      leads: rows.every((row) => row.querySelector('.line').firstElementChild.matches('.tlp')),
      wide: cells.flat().filter((cell) => cell.textContent.trim() && cell.scrollWidth > cell.clientWidth + 1).map((cell) => cell.textContent.trim()),
      dates: within(/\d{1,2}\s\p{L}{3,4}\.?\s\d{4}/gu),
      names: within(/\w+-[\w-]+/g),
      list: { ...box(document.querySelector('.list')), scrolls: document.querySelector('.list').scrollHeight > document.querySelector('.list').clientHeight },
      head: box(document.querySelector('.row.head')).bottom,
      hints: { ...box(document.querySelector('.hints')), cut: document.querySelector('.hints').scrollWidth > document.querySelector('.hints').clientWidth },
      strip: box(document.querySelector('.strip.bottom')).top,
      cut: document.querySelector('.tabs .names').scrollWidth > document.querySelector('.tabs .names').clientWidth,
      tools: document.querySelector('.tabs .tools').scrollWidth > document.querySelector('.tabs .tools').clientWidth,
      small: all('.tabs .tools .button, .tabs .names a').filter((one) => box(one).height < 44 || box(one).width < 44).map((one) => one.textContent.trim()),
      // On a phone: what is under a finger beside the mark that selects, and in the middle of the card.
      under: rows.filter((row) => box(row).bottom < innerHeight - 60).map((row) => {
        const [mark, card] = [box(row.querySelector('input')), box(row)];
        const at = (x, y) => document.elementFromPoint(x, y)?.tagName;
        return [at(mark.left - 11, mark.top - 11), at(mark.right + 11, mark.bottom + 11), at(card.right - 60, card.top + card.height / 2)].join();
      }),
      preview: all('.preview').map((preview) => ({ ...box(preview), title: preview.querySelector('h2').textContent, last: box(all('.button', preview).at(-1)).bottom }))[0],
      selected: style && { ground: style.backgroundColor === token('--sel'), bar: style.borderLeftColor === token('--link') && style.borderLeftWidth, title: selected.querySelector('.headline a').textContent },
    };
  });

for (const size of Object.keys(SIZES)) {
  for (const theme of ['light', 'dark']) {
    const words = `full inbox ${size} ${theme}`;
    const { page, wrong, close } = await open(chrome, base, { size, theme });
    await page.goto(`${base}/`);
    await loaded(page);
    await page.screenshot({ path: join(folder, `full-inbox-${size}-${theme}.png`) });
    await holds(page, words);
    await accessible(page, words);
    const found = await measured(page);
    equal([found.rows.length, found.groups.length], [ROWS, 4], `${words}: 12 alerts in 4 groups`);
    equal(found.leads, true, `${words}: the marking leads the second line`);
    equal(found.columns.length, size === 'phone' ? found.columns.length : 1, `${words}: columns are the same over all rows`);
    equal(found.wide, [], `${words}: nothing runs into the next column`);
    expect(found.names.length > 0 && found.names.every((lines) => lines === 1), `${words}: no name with a hyphen is (${found.names.length})`);
    expect(found.dates.length >= 9 && found.dates.every((lines) => lines === 1), `${words}: no date of a headline is broken over two lines (${found.dates.length} dates)`);
    if (size === 'phone') {
      equal([found.tools, found.small], [false, []], `${words}: the row of tools does not scroll sideways, its targets are of 44 px`);
      equal([...new Set(found.under)], ['INPUT,INPUT,A'], `${words}: a finger on a card opens it, and on its corner selects it`);
      equal(found.groupLines.filter(([, lines]) => lines > 2), [], `${words}: no group's name is broken into many lines`);
    } else {
      equal(found.cut, false, `${words}: no tab is cut`);
      equal(found.heads, [...found.first.slice(0, 4), ...found.first.slice(5)], `${words}: each column stands below its head`);
      equal(found.selected, { ground: true, bar: '3px', title: found.preview.title }, `${words}: the selected row has the bar, the ground, and the headline of the preview`);
      equal([found.preview.width, found.preview.left >= found.list.right], [size === 'wide' ? 360 : 326, true], `${words}: the preview stands beside the list`);
      expect(found.list.bottom <= found.hints.top + 0.5 && found.hints.bottom <= found.strip + 0.5 && !found.hints.cut, `${words}: the key hints are visible`);
    }
    if (size === 'wide') {
      expect(found.preview.last <= found.hints.top, `${words}: nothing of the preview is cut`);
      const whole = ({ top, bottom }) => top >= found.head - 0.5 && bottom <= found.list.bottom + 0.5;
      equal([found.rows.filter(whole).length, found.groups.filter(whole).length, found.list.scrolls], [ROWS, 4, false], `${words}: 12 rows and 4 group rows are whole`);
    }
    equal(wrong, [], `${words}: nothing goes wrong`);
    await close();
  }
}
for (const lang of ['es', 'zh']) {
  for (const size of ['wide', 'narrow']) {
    const { page, close } = await open(chrome, base, { size, lang });
    await page.goto(`${base}/`);
    await loaded(page);
    await page.screenshot({ path: join(folder, `full-inbox-${size}-${lang}.png`) });
    const found = await measured(page);
    equal([found.wide, found.cut, found.columns.length, found.dates.every((lines) => lines === 1)], [[], false, 1, true], `full inbox ${size} ${lang}: nothing is cut, nothing runs into another`);
    await holds(page, `full inbox ${size} ${lang}`);
    await close();
  }
}

await chrome.close();
console.log(`${failed().length} failed`);
for (const words of failed()) console.log(`FAIL ${words}`);
process.exit(failed().length > 0 ? 1 : 0);
