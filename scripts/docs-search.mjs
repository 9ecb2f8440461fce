// The search of the site that scripts/docs.mjs makes: runs in the browser.
import MiniSearch from 'minisearch';

const input = document.querySelector('input[type=search]');
const results = document.querySelector('.results');
/** Fetched with the first letter that is typed. */
let index;

async function load() {
  const search = new MiniSearch({ fields: ['title', 'page', 'text'], storeFields: ['title', 'page'], searchOptions: { boost: { title: 4, page: 2 }, prefix: true, fuzzy: 0.15, combineWith: 'AND' } });
  search.addAll(await (await fetch('search-index.json')).json());
  return search;
}

async function show() {
  const text = input.value.trim();
  if (text === '') {
    results.hidden = true;
    return;
  }
  index ??= load();
  const found = (await index).search(text).slice(0, 12);
  if (input.value.trim() !== text) return;
  results.replaceChildren(...found.map(({ id, title, page }) => {
    const link = document.createElement('a');
    link.href = id;
    link.append(title);
    const where = document.createElement('small');
    where.append(page === title ? '' : page);
    link.append(where);
    return link;
  }));
  if (found.length === 0) results.append(Object.assign(document.createElement('p'), { textContent: 'Nothing found' }));
  results.hidden = false;
}

input.addEventListener('input', () => {
  show().catch(() => {
    index = undefined;
    results.replaceChildren(Object.assign(document.createElement('p'), { textContent: 'The index cannot be read; serve the folder with a web server.' }));
    results.hidden = false;
  });
});
input.form.addEventListener('submit', event => {
  event.preventDefault();
  results.querySelector('a')?.click();
});
document.addEventListener('keydown', event => {
  if (event.key === 'Escape') results.hidden = true;
  if (event.key === '/' && document.activeElement !== input) {
    event.preventDefault();
    input.focus();
  }
});
document.addEventListener('click', event => {
  if (!input.form.contains(event.target)) results.hidden = true;
});
