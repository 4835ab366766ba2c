// Makes the site from docs/*.md: plain pages that need nothing from elsewhere, not even a script. Ends with 1 when a link or an anchor leads nowhere.
//   node build.mjs REPOSITORY OUTPUT      packages from the folder TOOLS
import { cpSync, existsSync, mkdirSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, posix, relative } from 'node:path';

const require = createRequire(join(process.env.TOOLS, 'x.js'));
const Markdown = require('markdown-it');
const anchors = require('markdown-it-anchor');
const highlight = require('highlight.js');
const [root, out] = process.argv.slice(2);
const docs = join(root, 'docs');
const problems = [];

const menu = [
  ['', ['index.md', 'start.md', 'guide.md']],
  ['How to', ['howto/README.md', 'howto/ses.md', 'howto/microsoft-365.md', 'howto/google-workspace.md', 'howto/direct-mx.md', 'howto/windows-smtp.md', 'howto/postfix.md', 'howto/debian.md', 'howto/docker.md', 'howto/kubernetes.md']],
  ['Reference', ['configuration.md', 'commands.md', 'metrics.md', 'events.md', 'decisions.md', 'api.md', 'access.md', 'observability.md', 'dashboard.md', 'architecture.md']],
  ['Causes', ['causes/README.md']],
];

function list(folder) {
  return readdirSync(folder).flatMap(name => {
    const path = join(folder, name);
    if (name === 'site' || name === 'node_modules') return [];
    return statSync(path).isDirectory() ? list(path) : [path];
  });
}
const files = list(docs).map(f => relative(docs, f).replaceAll('\\', '/'));
const pages = files.filter(f => f.endsWith('.md'));
const html = page => page.replace(/(^|\/)README\.md$/, '$1index.md').replace(/\.md$/, '.html');

// As the hosts of repositories make them, so that a link works on both.
const slug = text => text.trim().toLowerCase().replace(/[^\p{L}\p{N}\s_-]/gu, '').replace(/\s/g, '-');
const markdown = new Markdown({
  html: true, linkify: false,
  highlight: (code, language) => highlight.getLanguage({ toml: 'ini' }[language] ?? language) ? highlight.highlight(code, { language: { toml: 'ini' }[language] ?? language }).value : '',
}).use(anchors.default ?? anchors, { slugify: slug, permalink: (anchors.default ?? anchors).permalink.linkInsideHeader({ symbol: '#', placement: 'after', class: 'anchor', ariaHidden: true }) });
markdown.renderer.rules.table_open = () => '<div class="table" tabindex="0"><table>\n';
markdown.renderer.rules.table_close = () => '</table></div>\n';

const extra = new Map(); // files of the repository that pages link to, shown as they are
function target(page, link) {
  if (/^[a-z]+:/i.test(link)) return link;
  const [path, hash] = link.split('#');
  if (path === '') return link;
  const full = posix.normalize(posix.join(posix.dirname(page), path));
  let goal;
  if (full.startsWith('..')) {
    const inRepository = full.replace(/^(\.\.\/)+/, '');
    if (!existsSync(join(root, inRepository))) { problems.push(`${page}: ${link}: there is no ${inRepository}`); return link; }
    if (statSync(join(root, inRepository)).isDirectory()) { problems.push(`${page}: ${link} is a folder; name a file`); return link; }
    goal = `source/${inRepository.replaceAll('/', '--')}.txt`;
    extra.set(goal, join(root, inRepository));
  } else if (existsSync(join(docs, full)) && statSync(join(docs, full)).isDirectory()) {
    goal = posix.join(full, 'index.html');
  } else if (full.endsWith('.md')) {
    if (!pages.includes(full)) problems.push(`${page}: ${link}: there is no ${full}`);
    goal = html(full);
  } else {
    if (!files.includes(full)) problems.push(`${page}: ${link}: there is no ${full}`);
    goal = full;
  }
  return posix.relative(posix.dirname(html(page)), goal) + (hash ? `#${hash}` : '');
}

function title(page) {
  const text = readFileSync(join(docs, page), 'utf8');
  return (/^# (.+)$/m.exec(text)?.[1] ?? page).replace(/`/g, '');
}
const escape = text => text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/"/g, '&quot;');

function navigation(current) {
  const causes = pages.filter(p => /^causes\/[^/]+\.md$/.test(p) && !p.endsWith('README.md')).sort();
  return menu.map(([heading, entries]) => {
    const shown = (heading === 'Causes' ? [...entries, ...causes] : entries).filter(p => pages.includes(p));
    const items = shown.map(p => `<li><a href="${posix.relative(posix.dirname(html(current)), html(p))}"${p === current ? ' aria-current="page"' : ''}>${escape(p.startsWith('causes/') && !p.endsWith('README.md') ? p.slice(7, -3) : title(p))}</a></li>`);
    return `${heading ? `<h2>${heading}</h2>` : ''}<ul>${items.join('')}</ul>`;
  }).join('\n');
}

function render(page, text) {
  const tokens = markdown.parse(text, {});
  const walk = token => {
    for (const name of ['href', 'src']) { const value = token.attrGet(name); if (value && token.type !== 'heading_open' && token.meta?.isPermalinkSymbol !== true && !value.startsWith('#')) token.attrSet(name, target(page, value)); }
    token.children?.forEach(walk);
  };
  tokens.forEach(walk);
  const up = posix.relative(posix.dirname(html(page)), '.') || '.';
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escape(title(page))} - Postern</title><link rel="stylesheet" href="${up}/style.css"></head>
<body><a class="skip" href="#text">To the text</a><div class="frame"><nav aria-label="Pages"><strong>Postern</strong>
${navigation(page)}</nav><main id="text">
${markdown.renderer.render(tokens, markdown.options, {})}
<footer>Made from docs/${page}.</footer></main></div></body></html>
`;
}

rmSync(out, { recursive: true, force: true });
const written = new Map();
const write = (name, text) => { mkdirSync(join(out, dirname(name)), { recursive: true }); writeFileSync(join(out, name), text); };
for (const page of pages) { const text = render(page, readFileSync(join(docs, page), 'utf8')); written.set(html(page), text); write(html(page), text); }
for (const file of files.filter(f => !f.endsWith('.md') && !/\.(sh|py|mjs)$/.test(f))) { mkdirSync(join(out, dirname(file)), { recursive: true }); cpSync(join(docs, file), join(out, file)); }
// A folder without a page of its own gets a list of what is in it.
for (const folder of new Set(files.map(f => posix.dirname(f)).filter(f => f !== '.'))) {
  if (written.has(`${folder}/index.html`)) continue;
  const inside = files.filter(f => posix.dirname(f) === folder).map(f => `- [${posix.basename(f)}](${posix.basename(html(f))})`).join('\n');
  const up = posix.relative(folder, '.');
  write(`${folder}/index.html`, `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>${folder}</title><link rel="stylesheet" href="${up}/style.css"></head><body><main>${markdown.render(`# ${folder}\n\n${inside}`)}</main></body></html>`);
  written.set(`${folder}/index.html`, '');
}
cpSync(join(docs, 'site', 'style.css'), join(out, 'style.css'));
for (const [name, from] of extra) { mkdirSync(join(out, dirname(name)), { recursive: true }); cpSync(from, join(out, name)); }

// Every link of every page leads somewhere, anchors too, and nothing is loaded from elsewhere.
for (const [name, text] of written) {
  for (const [, kind, value] of text.matchAll(/<(?:a|img|link|script|iframe|source|video)\b[^>]*?\b(href|src)="([^"]*)"/g)) {
    const isAsset = !new RegExp(`<a\\b[^>]*${kind}="${value.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}"`).test(text);
    if (/^(https?:)?\/\//.test(value)) { if (isAsset) problems.push(`${name}: ${value} is loaded from elsewhere`); continue; }
    if (/^[a-z]+:/i.test(value)) continue;
    const [path, hash] = value.split('#');
    const goal = path === '' ? name : posix.normalize(posix.join(posix.dirname(name), path));
    if (!existsSync(join(out, goal))) problems.push(`${name}: ${value} leads nowhere`);
    else if (hash && written.get(goal) && !new RegExp(`id="${decodeURIComponent(hash).replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}"`).test(written.get(goal))) problems.push(`${name}: ${value}: there is no such place on the page`);
  }
}
const outside = pages.filter(p => !menu.some(([, entries]) => entries.includes(p)) && !p.startsWith('causes/'));
for (const page of outside) problems.push(`${page} is in no menu (docs/site/build.mjs)`);
for (const problem of problems) console.error(problem);
console.log(`${written.size} pages, ${problems.length} problems`);
process.exit(problems.length > 0 ? 1 : 0);
