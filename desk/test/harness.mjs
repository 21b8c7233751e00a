// A browser with no way out, and what every page must hold.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { chromium } from 'playwright-core';
import { overclaims } from '../build/strings.js';

const require = createRequire(import.meta.url);
const AXE = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');
const ALONE = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'];
export const SIZES = { wide: [1440, 900], narrow: [1280, 800], phone: [390, 844] };
const PATIENCE_MS = 30_000;

const failures = [];
export const failed = () => failures;
export function expect(holds, words) {
  if (!holds) failures.push(words);
  console.log(`${holds ? 'ok  ' : 'FAIL'} ${words}`);
}
export function equal(found, wanted, words) {
  const same = JSON.stringify(found) === JSON.stringify(wanted);
  expect(same, same ? words : `${words}: ${JSON.stringify(found)} is not ${JSON.stringify(wanted)}`);
}

export async function browser() {
  return chromium.launch({ executablePath: process.env.DESK_CHROMIUM ?? '/usr/bin/chromium', args: ALONE });
}

// A page that remembers what went wrong on it.
export async function open(browser, base, { size = 'wide', theme = 'light', lang = 'en' } = {}) {
  const [width, height] = SIZES[size];
  const phone = size === 'phone';
  const context = await browser.newContext({ viewport: { width, height }, colorScheme: theme, isMobile: phone, hasTouch: phone, acceptDownloads: true });
  context.setDefaultTimeout(PATIENCE_MS);
  await context.addInitScript((lang) => {
    localStorage.getItem('desk.lang') ?? localStorage.setItem('desk.lang', lang);
    addEventListener('securitypolicyviolation', (event) => console.error(`policy: ${event.violatedDirective} ${event.blockedURI}`));
  }, lang);
  const page = await context.newPage();
  const wrong = [];
  page.on('console', (message) => ['error', 'warning'].includes(message.type()) && wrong.push(`${message.type()}: ${message.text()}`));
  page.on('pageerror', (error) => wrong.push(`error: ${error.message}`));
  page.on('request', (request) => {
    const { origin, protocol } = new URL(request.url());
    if (origin !== base && !['data:', 'blob:'].includes(protocol)) wrong.push(`asked ${request.url()}`);
  });
  return { page, wrong, close: () => context.close() };
}

// What holds of every page in every state.
export async function holds(page, words) {
  const found = await page.evaluate(() => {
    const seen = (element) => element.checkVisibility() && element.getBoundingClientRect().width > 1;
    const texts = [...document.querySelectorAll('body *')].filter((element) => seen(element) && [...element.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim()));
    const styles = texts.map((element) => ({ element, style: getComputedStyle(element) }));
    return {
      small: styles.filter(({ style }) => parseFloat(style.fontSize) < 12).map(({ element }) => element.textContent.slice(0, 40)),
      weights: [...new Set(styles.map(({ style }) => style.fontWeight))].filter((weight) => !['400', '500', '700'].includes(weight)),
      sideways: document.documentElement.scrollWidth > innerWidth || (document.querySelector('main')?.scrollWidth ?? 0) > (document.querySelector('main')?.clientWidth ?? 0),
      lang: document.documentElement.lang.slice(0, 2),
      said: document.querySelector('main')?.innerText ?? '',
      // Outside codes and years: thousands and percent signs that no narrow space holds.
      wide: texts
        .filter((element) => !element.closest('.mono, code, input, select, kbd') && element.closest('main'))
        .flatMap((element) => [...element.childNodes].filter((node) => node.nodeType === 3).flatMap((node) => node.textContent.match(/(?<![\w.,\-/])(?!(19|20)\d\d(?!\d))\d{4,}(?![\w\-/.])|\d[ \u00a0]?%/g) ?? [])),
      clipped: [...document.querySelectorAll('.button, .bar nav a')].filter((element) => seen(element) && element.scrollWidth > element.clientWidth + 1).map((element) => element.textContent.trim()),
      marked: [...document.querySelectorAll('.strip')].map((strip) => strip.textContent.includes('TLP:') && strip.textContent.includes('SIMULATED DATA')),
    };
  });
  equal(found.small, [], `${words}: no text under 12 px`);
  equal(found.weights, [], `${words}: three weights`);
  expect(!found.sideways, `${words}: no sideways scroll`);
  equal(found.clipped, [], `${words}: no control is cut`);
  equal(overclaims(found.lang, found.said) ?? null, null, `${words}: claims nothing too strong`);
  equal(found.wide, [], `${words}: numbers are held together by the narrow space`);
  equal(found.marked, [true, true], `${words}: marked above and below`);
}

export async function accessible(page, words) {
  // By the protocol, past the page's own policy: what is judged is the page, not the judge.
  await page.evaluate(AXE);
  const { violations } = await page.evaluate(() => axe.run(document, { resultTypes: ['violations'] }));
  const serious = violations.filter(({ impact }) => ['serious', 'critical'].includes(impact));
  equal(serious.map(({ id, nodes }) => `${id}: ${nodes.slice(0, 3).map(({ html, any }) => `${html.slice(0, 90)} ${any[0]?.message ?? ''}`).join(' | ')}`), [], `${words}: axe finds nothing serious`);
}
