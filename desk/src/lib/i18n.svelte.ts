// The desk in the reader's language: every sentence is a string with places for values.
import type en from '../strings/en.json';
import enAt from '../strings/en.json?url';
import esAt from '../strings/es.json?url';
import zhAt from '../strings/zh.json?url';

export type Key = keyof typeof en;
export type Lang = 'en' | 'es' | 'zh';
export const LANGS: { id: Lang; own: string; locale: string }[] = [
  { id: 'en', own: 'English', locale: 'en-US' },
  { id: 'es', own: 'Español', locale: 'es' },
  { id: 'zh', own: '中文', locale: 'zh-CN' },
];

// Strings are data, not script.
const files: Record<Lang, string> = { en: enAt, es: esAt, zh: zhAt };

export const i18n = $state({ lang: 'en' as Lang, strings: {} as Record<Key, string> });

export async function setLang(lang: Lang): Promise<void> {
  i18n.strings = (await (await fetch(files[lang])).json()) as Record<Key, string>;
  i18n.lang = lang;
  document.documentElement.lang = lang === 'zh' ? 'zh-Hans' : lang;
  localStorage.setItem('desk.lang', lang);
}

export async function ownLang(): Promise<void> {
  const held = localStorage.getItem('desk.lang') ?? navigator.language.slice(0, 2);
  const lang = LANGS.find(({ id }) => id === held);
  await setLang(lang ? lang.id : 'en');
}

export function locale(): string {
  return LANGS.find(({ id }) => id === i18n.lang)!.locale;
}

export function t(key: Key, args: Record<string, string | number> = {}): string {
  return (i18n.strings[key] ?? '').replace(/\{(\w+)\}/g, (_, name: string) => String(args[name] ?? ''));
}

// A string whose key is made of a word of the API; the word itself where there is none.
export function tw(prefix: string, word: string, args: Record<string, string | number> = {}): string {
  const key = `${prefix}.${word}` as Key;
  return key in i18n.strings ? t(key, args) : word.replaceAll('_', ' ');
}
