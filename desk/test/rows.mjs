// What a row of the inbox says of alerts that this world does not have.
import { equal, expect, open } from './harness.mjs';

const answer = (json) => ({ json });
const plain = (text) => text.replace(/[\u00a0\u202f]/g, ' ');

// An inbox of one alert, made of the first that moves a share.
async function inbox(chrome, base, change, { size = 'wide' } = {}) {
  const opened = await open(chrome, base, { size });
  const asked = [];
  opened.page.on('request', (request) => request.url().includes('/api/v1/shares') && asked.push(request.url()));
  await opened.page.route('**/api/v1/alerts?*', async (route) => {
    const list = await (await route.fetch()).json();
    const at = list.alerts.findIndex(({ status, kind }) => ['raised', 'updated'].includes(status) && kind === 'substitution');
    const alert = structuredClone(list.alerts[at]);
    change(alert);
    return route.fulfill(answer({ ...list, alerts: [alert], beside: [list.beside[at]], next_cursor: undefined }));
  });
  await opened.page.goto(base);
  await opened.page.waitForSelector('[role=row][aria-selected=true]');
  return { ...opened, asked };
}

const share = (value) => ({ value, low: value / 2, high: value * 1.5 });
// Where one rose by a measure is told by it: mass, else records, else the records of the pair.
async function measures(chrome, base) {
  const moved = (mass, records) => (alert) => {
    [alert.rising[0].share_before, alert.rising[0].share_after] = mass.map(share);
    const { args } = alert.counter_evidence.find(({ check }) => check === 'by_incidents').parts;
    [args.rising_share_before, args.rising_share_after] = records;
    alert.strata = [
      { ...alert.strata[0], falling_before: 60, rising_before: 20, falling_after: 5, rising_after: 15 },
      { ...alert.strata[0], source: 'SIM-OTHER', falling_before: 0, rising_before: 20, falling_after: 0, rising_after: 0 },
    ];
  };
  for (const [mass, records, wanted] of [
    [[0.1, 0.3], [0.2, 0.1], '10 → 30 % of mass'],
    [[0.3, 0.2], [0.1, 0.4], '10 → 40 % of records'],
    [[0.3, 0.2], [0.4, 0.1], '40 → 75 % of the pair'],
  ]) {
    const { page, wrong, close } = await inbox(chrome, base, moved(mass, records));
    const cell = page.locator('.row[aria-selected] [role=gridcell]').nth(4);
    equal(plain(await cell.innerText()).replace(/\s+/g, ' '), wanted, `row: ${wanted}`);
    equal(wrong, [], `row, ${wanted}: nothing goes wrong`);
    await close();
  }
}

// Of a place without figures of its own the two means are drawn; what nobody sees is not asked for.
async function sparks(chrome, base) {
  const place = (alert) => {
    [alert.scope, alert.place] = ['subdivision', 'XX-NORTH'];
    alert.falling = alert.falling.map((one) => ({ ...one, share_before: share(0.8), share_after: share(0.2) }));
    alert.rising = alert.rising.map((one) => ({ ...one, share_before: share(0.2), share_after: share(0.8) }));
  };
  const north = await inbox(chrome, base, place);
  const heights = await north.page.locator('.row[aria-selected] .spark path[fill=none]').evaluateAll((all) => all.map((path) => [path.getPointAtLength(0).y, path.getPointAtLength(path.getTotalLength()).y, path.hasAttribute('stroke-dasharray')]));
  equal(heights.map(([from, to, dashed]) => [to > from, dashed]), [[true, true], [false, false]], 'spark of a place: what fell goes down, dashed; what rose goes up');
  equal([north.asked, north.wrong], [[], []], 'spark of a place: asks for nothing that there is not');
  await north.close();
  for (const [size, count] of [['wide', 1], ['phone', 0]]) {
    const { page, asked, wrong, close } = await inbox(chrome, base, () => undefined, { size });
    await (count ? page.waitForSelector('.row .spark path', { state: 'attached' }) : page.waitForTimeout(1500));
    equal([asked.length, wrong], [count, []], `spark ${size}: asked for where it is seen`);
    await close();
  }
}

// What the headline leaves out stands below it.
async function evidence(chrome, base) {
  for (const [kind, named, wanted] of [['substitution', 'seizure', ''], ['substitution', 'import', ', imports'], ['displacement', 'seizure', ', seizures'], ['displacement', 'pre_export_notice', ', notices']]) {
    const { page, wrong, close } = await inbox(chrome, base, (alert) => {
      alert.kind = kind;
      alert.headline_parts.args.evidence = named;
    });
    const words = await page.locator('.row[aria-selected] .line span:nth-child(3)').innerText();
    expect(wanted ? words.endsWith(wanted) : !words.includes(','), `row of ${kind} by ${named}: ${words}`);
    equal(wrong, [], `row of ${kind} by ${named}: nothing goes wrong`);
    await close();
  }
}

export async function rows(chrome, base) {
  await measures(chrome, base);
  await sparks(chrome, base);
  await evidence(chrome, base);
}
