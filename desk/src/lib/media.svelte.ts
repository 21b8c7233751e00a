// What the screen is, as it changes.
function media(query: string): { readonly on: boolean } {
  const list = matchMedia(`(${query})`);
  let on = $state(list.matches);
  list.addEventListener('change', () => (on = list.matches));
  return {
    get on() {
      return on;
    },
  };
}

export const phone = media('max-width: 720px');
export const narrow = media('max-width: 1000px');
// A chart of full height would leave its axis below the first screen.
export const low = media('max-height: 859px');
