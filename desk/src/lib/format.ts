// Numbers, masses, days and ages, in one form everywhere.
import { locale, t } from './i18n.svelte';

const THIN = '\u202f';
const HARD = '\u00a0';
const DAY_MS = 86_400_000;

export function number(value: number, decimals = 0): string {
  const text = Math.abs(value).toFixed(decimals);
  const [whole, part] = text.split('.');
  const grouped = whole.length > 3 ? whole.replace(/\B(?=(\d{3})+$)/g, THIN) : whole;
  const sign = locale() === 'es' ? ',' : '.';
  const minus = value < 0 && Number(text) !== 0 ? '−' : '';
  return minus + grouped + (part ? sign + part : '');
}

export function signed(value: number, decimals = 0): string {
  const text = number(value, decimals);
  return value > 0 && Number(value.toFixed(decimals)) !== 0 ? `+${text}` : text;
}

// Kilograms of milligrams.
export function kg(mg: number, decimals = 0): string {
  return `${number(mg / 1e6, decimals)}${THIN}kg`;
}

// Whole percent of a share, as a number and never rounded to none.
export function points(share: number): string {
  const value = share * 100;
  return value > 0 && value < 1 ? '<1' : number(Math.round(value));
}

export function percent(share: number): string {
  const value = share * 100;
  if (value > 0 && value < 1) return t('under_1_percent');
  return `${number(Math.round(value))}${THIN}%`;
}

// A part of a whole, in percent with one decimal.
export function part(of: number, whole: number): string {
  return whole > 0 ? `${number((of / whole) * 100, 1)}${THIN}%` : '–';
}

// A likelihood is never told as none or as all.
export function likelihood(share: number): string {
  return `${Math.min(99, Math.max(1, Math.round(share * 100)))}${THIN}%`;
}

const parse = (day: string) => new Date(`${day.slice(0, 10)}T00:00:00Z`);

export function dayNumber(day: string): number {
  return Math.round(parse(day).getTime() / DAY_MS);
}

export function isoDay(number: number): string {
  return new Date(number * DAY_MS).toISOString().slice(0, 10);
}

function parts(date: Date): { day: string; month: string; year: string } {
  const format = new Intl.DateTimeFormat(locale(), { day: 'numeric', month: 'short', year: 'numeric', timeZone: 'UTC' });
  const found = Object.fromEntries(format.formatToParts(date).map(({ type, value }) => [type, value]));
  return { day: found.day, month: found.month.replace(/[.月]/, ''), year: found.year };
}

// 12 Feb 2025, on one line.
export function day(iso: string): string {
  const { day, month, year } = parts(parse(iso));
  return locale() === 'zh-CN' ? `${year}年${month}月${day}日` : [day, month, year].join(HARD);
}

export function dayShort(iso: string): string {
  const { day, month } = parts(parse(iso));
  return locale() === 'zh-CN' ? `${month}月${day}日` : day + HARD + month;
}

export function monthOf(iso: string, withYear: boolean): string {
  const { month, year } = parts(parse(iso));
  if (locale() === 'zh-CN') return withYear ? `${year}年${month}月` : `${month}月`;
  return withYear ? month + HARD + year : month;
}

// 11 Jul 2025 06:40 UTC.
export function moment(iso: string): string {
  return `${day(iso)} ${iso.slice(11, 16)}${HARD}UTC`;
}

export function momentShort(iso: string): string {
  return `${dayShort(iso)} ${iso.slice(11, 16)}`;
}

export function clock(date: Date): string {
  return date.toISOString().slice(11, 16);
}

// An age in its largest unit.
export function age(days: number): string {
  return days < 1 ? t('today') : t('age_days', { days: number(Math.round(days)) });
}

export function daysBetween(from: string, to: string): number {
  return dayNumber(to) - dayNumber(from);
}

// Milligrams of a span as kilograms a week.
export function perWeek(mg: number, span: { from: string; to: string }): number {
  return (mg / 1e6 / (daysBetween(span.from, span.to) + 1)) * 7;
}
