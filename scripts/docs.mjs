// `npm run docs`: the documentation as a static site with search, in `site`. With --check it only says which links inside the documentation lead nowhere.
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, posix, relative } from 'node:path';
import { root } from './setup.mjs';

const require = createRequire(import.meta.url);
const { Marked } = await import('marked');
const SITE = join(root, 'site');
const REPOSITORY = 'https://github.com/cdk-traced-function/cdk-traced-function/blob/main/';
/** In the order of the menu; pages of docs that are not named come after the others. */
const MENU = {
  'Start': ['README.md', 'docs/existing-apps.md', 'docs/instrumentation.md'],
  'Languages': ['docs/nodejs.md', 'docs/python.md', 'docs/go.md', 'docs/java.md'],
  'Use': ['docs/testing.md', 'docs/ci.md', 'local/README.md', 'local/pytest/README.md', 'MIGRATION.md'],
  'Look up': ['docs/troubleshooting.md', 'docs/errors.md', 'docs/support.md', 'docs/security.md', 'API.md', 'CHANGELOG.md'],
  'Project': ['ARCHITECTURE.md', 'CONTRIBUTING.md', 'SECURITY.md', 'CODE_OF_CONDUCT.md', 'bench/RESULTS.md'],
};
const others = readdirSync(join(root, 'docs')).map(name => `docs/${name}`).filter(name => name.endsWith('.md') && !Object.values(MENU).flat().includes(name));
MENU['Look up'].push(...others);
const pages = Object.values(MENU).flat().filter(name => existsSync(join(root, name))).map(name => ({ name, ...parse(readFileSync(join(root, name), 'utf8'), name) }));
const byName = new Map(pages.map(page => [page.name, page]));

const broken = pages.flatMap(page => page.links.map(link => problem(page, link)).filter(Boolean));
broken.forEach(text => console.error(text));
if (broken.length > 0) process.exitCode = 1;
if (!process.argv.includes('--check')) await write();

/** Headings get the ids that GitHub gives them. */
function parse(text, name) {
  const links = [];
  const ids = new Map();
  const sections = [];
  const idOf = heading => {
    const slug = heading.trim().toLowerCase().replace(/[^\p{L}\p{N}\s_-]/gu, '').replace(/\s/g, '-');
    const count = ids.get(slug) ?? 0;
    ids.set(slug, count + 1);
    return count === 0 ? slug : `${slug}-${count}`;
  };
  const marked = new Marked({ gfm: true });
  marked.use({
    renderer: {
      heading({ tokens, depth, id }) {
        return `<h${depth} id="${id}">${this.parser.parseInline(tokens)} <a class="anchor" href="#${id}" aria-label="Link to this section">#</a></h${depth}>\n`;
      },
      link({ href, tokens }) {
        links.push(href);
        return `<a href="${targetOf(name, href)}">${this.parser.parseInline(tokens)}</a>`;
      },
      table(token) {
        const cells = (row, tag) => row.map(cell => `<${tag}>${this.parser.parseInline(cell.tokens)}</${tag}>`).join('');
        return `<div class="table"><table><thead><tr>${cells(token.header, 'th')}</tr></thead><tbody>${token.rows.map(row => `<tr>${cells(row, 'td')}</tr>`).join('')}</tbody></table></div>\n`;
      },
    },
  });
  const tokens = marked.lexer(text);
  for (const token of tokens) {
    if (token.type === 'heading') {
      const title = token.text.replace(/<[^>]+>|[`*]/g, '').replace(/\[([^\]]*)\]\([^)]*\)/g, '$1').trim();
      token.id = idOf(title);
      sections.push({ title, id: token.id, text: '' });
    } else if (sections.length > 0) {
      sections[sections.length - 1].text += token.raw;
    }
  }
  const html = marked.parser(tokens);
  for (const [, id] of html.matchAll(/<a name="([^"]+)"/g)) ids.set(id, 1);
  for (const [, source] of text.matchAll(/<(?:img|source)[^>]* (?:src|srcset)="([^"]+)"/g)) links.push(source);
  return { title: sections[0]?.title ?? name, html, links, ids, sections };
}

/** What a link of the repository is on the site. */
function targetOf(name, href) {
  if (/^[a-z]+:|^#/.test(href)) return href;
  const [path, anchor] = href.split('#');
  const target = posix.join(posix.dirname(name), path);
  const isPage = Object.values(MENU).flat().includes(target);
  return isPage ? `${pageFile(target)}${anchor ? `#${anchor}` : ''}` : `${REPOSITORY}${target}`;
}

function pageFile(name) {
  // docs/security.md and SECURITY.md are two pages.
  return name === 'README.md' ? 'index.html' : `${name.replace(/^docs\//, '').replace(/^([A-Z_]+\.md)$/, 'project/$1').replace(/\.md$/, '').replace(/\//g, '-').toLowerCase()}.html`;
}

/** What is wrong with a link, if anything is; addresses elsewhere are not asked for. */
function problem({ name, ids }, href) {
  if (/^[a-z]+:/.test(href)) return undefined;
  const [path, anchor] = href.split('#');
  const target = path === '' ? name : posix.join(posix.dirname(name), path);
  if (target.startsWith('..') || !existsSync(join(root, target))) return `${name}: there is no ${target}, which it links to`;
  const known = target === name ? ids : byName.get(target)?.ids;
  return anchor && known && !known.has(anchor) ? `${name}: ${target} has no heading #${anchor}` : undefined;
}

async function write() {
  rmSync(SITE, { recursive: true, force: true });
  mkdirSync(join(SITE, 'pictures'), { recursive: true });
  const pictures = join(root, 'docs', 'pictures');
  if (existsSync(pictures)) readdirSync(pictures).filter(file => file.endsWith('.png')).forEach(file => copyFileSync(join(pictures, file), join(SITE, 'pictures', file)));
  const entries = pages.flatMap(page => page.sections.filter(({ title }) => title).map(({ title, id, text }) => (
    { id: `${pageFile(page.name)}#${id}`, page: page.title, title, text: text.replace(/[|`*#>[\]]|\(http[^)]*\)/g, ' ').replace(/\s+/g, ' ').slice(0, 4000) })));
  writeFileSync(join(SITE, 'search-index.json'), JSON.stringify(entries));
  await require('esbuild').build({
    absWorkingDir: root, entryPoints: ['scripts/docs-search.mjs'], outfile: join(SITE, 'search.js'), bundle: true, minify: true, format: 'iife', target: 'es2020', logLevel: 'error',
  });
  copyFileSync(join(root, 'scripts', 'docs.css'), join(SITE, 'docs.css'));
  for (const page of pages) writeFileSync(join(SITE, pageFile(page.name)), document(page));
  const size = readdirSync(SITE).reduce((sum, file) => sum + statSync(join(SITE, file)).size, 0);
  console.log(`${pages.length} pages, ${Math.round(size / 1000)} kB: ${relative(process.cwd(), join(SITE, 'index.html'))}`);
}

function document({ name, title, html }) {
  const menu = Object.entries(MENU).map(([group, names]) => `<h2>${group}</h2><ul>${names.filter(one => byName.has(one)).map(one => (
    `<li><a href="${pageFile(one)}"${one === name ? ' aria-current="page"' : ''}>${one === 'README.md' ? 'Overview' : byName.get(one).title}</a></li>`)).join('')}</ul>`).join('');
  // Pictures of the README lie in docs/pictures.
  const body = html.replace(/(src|srcset)="(?:docs\/)?pictures\//g, '$1="pictures/');
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title === 'cdk-traced-function' ? title : `${title} · cdk-traced-function`}</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="docs.css">
<script src="search.js" defer></script>
</head>
<body>
<a class="skip" href="#content">To the text</a>
<header><a href="index.html" class="name">cdk-traced-function</a>
<form role="search"><input type="search" placeholder="Search" aria-label="Search the documentation" autocomplete="off"><div class="results" hidden></div></form></header>
<div class="columns"><nav aria-label="Pages">${menu}</nav><main id="content">${body}</main></div>
</body>
</html>
`;
}
