// Words for what the API names.
import { day, kg, likelihood, number, percent, points } from './format';
import { i18n, locale, t, tw, type Key } from './i18n.svelte';
import { substance } from './session.svelte';
import type { Alert, Check, Tlp, Value } from './types';

export const TLPS: Tlp[] = ['TLP:CLEAR', 'TLP:GREEN', 'TLP:AMBER', 'TLP:AMBER+STRICT', 'TLP:RED'];

export function highest(markings: (Tlp | null | undefined)[]): Tlp {
  const rank = markings.map((marking) => (marking ? TLPS.indexOf(marking) : 0));
  return TLPS[Math.max(0, ...rank)];
}

// Countries whose formal name is longer than a label has room for.
const SHORT = new Set(['HK', 'MO', 'PS']);

export function country(code: string): string {
  if (code === 'XX') return t('country_unknown');
  if (code === 'world') return t('worldwide');
  try {
    const style = SHORT.has(code) ? 'short' : 'long';
    return new Intl.DisplayNames(locale(), { type: 'region', style }).of(code) ?? code;
  } catch {
    return code;
  }
}

export const isRoute = (id: string) => /^[A-Z]{2}(>[A-Z]{2})+$/.test(id);

export function route(id: string): string {
  return id.split('>').map(country).join(' → ');
}

// What a mover is called: a substance by its name, a route by its countries.
export function mover(of: { id: string; name: string }): string {
  if (isRoute(of.id)) return route(of.id);
  return /^[A-Z]{2}$/.test(of.id) ? country(of.id) : of.name;
}

// The same where a line is short.
export function moverShort(id: string): string {
  if (!isRoute(id)) return /^[A-Z]{2}$/.test(id) ? country(id) : substance(id);
  const whole = route(id);
  return whole.length > 22 ? id.replaceAll('>', ' → ') : whole;
}

function moverPart(value: Value): string {
  const text = String(value);
  return isRoute(text) ? route(text) : /^[A-Z]{2}$/.test(text) ? country(text) : text;
}

export function placeOf(alert: Alert): string {
  const market = country(alert.market);
  return alert.place ? `${alert.place} (${market})` : market;
}

// What was declared is the common case: a headline does not say it, nor that of a displacement anything else.
const DECLARED = ['import', 'export', 'transit', 'pre_export_notice'];
const isDeclared = ({ headline_parts }: Alert) => DECLARED.includes(String(headline_parts.args.evidence));
export const leavesEvidence = (alert: Alert) => alert.kind === 'displacement' || (alert.kind === 'substitution' && isDeclared(alert));

// The one sentence. In English it is the alert's own; else it is built of its parts.
export function headline(alert: Alert): string {
  const { template, args } = alert.headline_parts;
  const key = `headline.${template === 'substitution' && isDeclared(alert) ? 'declared' : template}` as Key;
  if (i18n.lang === 'en' || !(key in i18n.strings)) {
    return alert.headline.replace(/\b(\d{1,2}) ([A-Z][a-z]{2}) (\d{4})\b/g, '$1\u00a0$2\u00a0$3');
  }
  const since = args.since ?? args.date;
  return t(key, {
    falling: moverPart(args.falling ?? ''),
    rising: moverPart(args.rising ?? ''),
    place: placeOf(alert),
    evidence: args.evidence ? tw('evidence_in', String(args.evidence)) : '',
    since: since ? day(String(since)) : '',
  });
}

export function likely(alert: Alert): string {
  const words = tw('likelihood', alert.likelihood.words.replaceAll(' ', '_'));
  return `${words}, ${likelihood(alert.likelihood.probability)}`;
}

export const confidence = (alert: Alert) => tw('confidence', alert.confidence.level);

// Why the ground is not firmer, from the fields that say so.
export function confidenceReason(alert: Alert): string {
  const reporters = new Set(alert.strata.map(({ source }) => source)).size;
  const weak = alert.counter_evidence.filter(({ result }) => result === 'fails' || result === 'weakens');
  if (reporters < 2) return t('reason.one_reporter');
  if (weak.length === 0) return t('reason.agree', { reporters });
  const names = weak.map(({ check, result }) => `${tw('check', check)} (${tw('result', result)})`);
  return t('reason.weak', { checks: names.join('; ') });
}

export function checksHold(alert: Alert): { hold: number; asked: number } {
  const asked = alert.counter_evidence.filter(({ result }) => result !== 'not_checked');
  return { hold: asked.filter(({ result }) => result === 'holds').length, asked: asked.length };
}

const WEIGHT = { fails: 0, weakens: 1, holds: 2, not_checked: 3 };

// What speaks against an alert, the weakest first.
export function against(alert: Alert): Check[] {
  return [...alert.counter_evidence].sort((a, b) => WEIGHT[a.result] - WEIGHT[b.result]);
}

// Before and after of what rose: its share of the mass, and where that did not grow, of the records; where neither did,
// of the records of the pair, reporters added up.
export function told(alert: Alert): { text: string; of: string; mass: boolean } {
  const one = alert.rising[0] ?? alert.falling[0];
  if (!one) return { text: '', of: '', mass: true };
  const said = (before: number, after: number, of: Key) => ({ text: `${points(before)} → ${percent(after)}`, of: t(of), mass: of === 'of.mass' });
  const [before, after] = [one.share_before.value, one.share_after.value];
  const { rising_share_before: was, rising_share_after: is } = alert.counter_evidence.find(({ check }) => check === 'by_incidents')?.parts.args ?? {};
  if (after > before || !alert.rising[0] || is === undefined) return said(before, after, 'of.mass');
  if (num(is) > num(was)) return said(num(was), num(is), 'of.records');
  const pair = (side: 'before' | 'after') => {
    const [rose, fell] = (['rising', 'falling'] as const).map((which) => alert.strata.reduce((sum, stratum) => sum + stratum[`${which}_${side}`], 0));
    return rose / (rose + fell || 1);
  };
  return said(pair('before'), pair('after'), 'of_pair');
}

const list = (value: Value | undefined) => (Array.isArray(value) ? value.join(', ') : String(value ?? ''));
const num = (value: Value | undefined) => (Array.isArray(value) ? value.length : Number(value ?? 0));

export function checkDetail(check: Check, alert: Alert): string {
  const { args } = check.parts;
  if (check.result === 'not_checked') return tw('why', String(args.why ?? 'other'));
  const bar = check.bar === null ? '' : number(check.bar, 1);
  const value = check.value === null ? '' : number(check.value, 1);
  const statistic = check.value === null ? t('detail.no_statistic') : t('detail.statistic', { value, bar });
  const rising = alert.rising[0] ? mover(alert.rising[0]) : '';
  switch (check.check) {
    case 'without_largest_operation':
      return `${t('detail.largest', { source: list(args.source), event: list(args.event_id), mass: kg(num(args.mass_mg)) })} ${statistic}`;
    case 'without_any_one_reporter':
      return check.value === null
        ? t('detail.without_nothing', { reporter: list(args.reporter) })
        : t('detail.without_reporter', { value, reporter: list(args.reporter), bar });
    case 'without_flagged':
      return `${t('detail.flagged', { share: percent(alert.evidence.flagged_share) })} ${statistic}`;
    case 'by_incidents':
      return t('detail.records', { rising, before: percent(num(args.rising_share_before)), after: percent(num(args.rising_share_after)) });
    case 'by_mass':
      return `${t('detail.mass', { rising, before: percent(num(args.rising_share_before)), after: percent(num(args.rising_share_after)) })} ${statistic}`;
    case 'falling_alone':
    case 'rising_alone':
      return t('detail.alone', { alone: num(args.reporters_alone), reporters: num(args.reporters) });
    case 'control_change_near_onset':
      return list(args.facts) || t('detail.no_control');
    case 'code_change_near_onset':
      return check.value === null ? t('detail.no_edition') : `${list(args.editions)}. ${statistic}`;
    case 'licit_trade_season':
      return `${t('detail.season')} ${statistic}`;
    case 'reporting_gap':
      return args.silent_days === undefined
        ? t('detail.no_gap')
        : t('detail.gap', { sources: list(args.sources), silent: num(args.silent_days), usual: num(args.usual_gap_days) });
    default:
      return statistic;
  }
}

// Why a revision came, from its template and arguments.
export function changed(alert: Alert): string {
  if (!alert.changes) return t('change.raised');
  const { reason, parts } = alert.changes;
  const { args } = parts;
  const said = [tw('change', reason)];
  if (parts.template === 'merged') said.push(t('change.merged', { into: list(args.into).slice(0, 8) }));
  if (parts.template === 'withdrawn') {
    said.push(t('change.statistic', { from: number(num(args.statistic_before), 1), to: number(num(args.statistic), 1) }));
  }
  for (const name of ['likelihood', 'falling_share', 'rising_share']) {
    if (args[`${name}_from`] === undefined) continue;
    said.push(tw('change', name, { from: percent(num(args[`${name}_from`])), to: percent(num(args[`${name}_to`])) }));
  }
  if (args.onset_from) said.push(t('change.onset', { from: day(list(args.onset_from)), to: day(list(args.onset_to)) }));
  return said.join(' ');
}

export function standWords(stand: { state: string; until?: string; reason?: string; assignee?: string }): string {
  if (stand.state === 'acknowledged' && stand.until) return t('state.until', { day: day(stand.until) });
  if (stand.state === 'closed' && stand.reason) return t('state.closed_as', { reason: tw('close', stand.reason) });
  if (stand.state === 'assigned') return t('state.assigned_to', { who: stand.assignee ?? '' });
  return tw('state', stand.state);
}
