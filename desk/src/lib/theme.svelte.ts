// Light, dark, or as the system has it.
export type Theme = 'auto' | 'light' | 'dark';
const held = localStorage.getItem('desk.theme');
export const theme = $state({ own: (held === 'light' || held === 'dark' ? held : 'auto') as Theme, dark: false });
const system = matchMedia('(prefers-color-scheme: dark)');

function paint(): void {
  theme.dark = theme.own === 'dark' || (theme.own === 'auto' && system.matches);
  document.documentElement.dataset.theme = theme.dark ? 'dark' : 'light';
}

export function setTheme(to: Theme): void {
  theme.own = to;
  localStorage.setItem('desk.theme', to);
  paint();
}

system.addEventListener('change', paint);
paint();
