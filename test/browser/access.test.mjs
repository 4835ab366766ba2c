// Signing in with a real browser: the page, the session, what a role sees, and that other sites' pages reach nothing. Run by test.sh (part "browser").
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import http from 'node:http';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { axe, launch } from './chromium.mjs';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
const postern = process.env.POSTERN_BIN ?? path.join(root, `src/Postern/bin/${process.env.CONFIGURATION ?? 'Release'}/net10.0/postern`);
const READER = 'reader-token-0123456789', OPERATOR = 'operator-token-0123456789';
let base, relay, browser, elsewhere, elsewhereBase;

before(async () => {
  const data = fs.mkdtempSync(path.join(os.tmpdir(), 'postern-access-'));
  fs.writeFileSync(path.join(data, 'postern.toml'), `
[server]
hostname = "relay.example.org"
data = "${data}/data"
http = "127.0.0.1:0"
[[listener]]
address = "127.0.0.1:0"
[diagnosis]
probe = false
controls = []
builtin_blocklists = false
[[http.token]]
name = "look"
role = "read"
token = "${READER}"
[[http.token]]
name = "act"
role = "operate"
token = "${OPERATOR}"
[[upstream]]
name = "provider"
address = "127.0.0.1:1"
tls = "none"
`);
  relay = spawn(postern, ['serve', '--config', path.join(data, 'postern.toml')], { stdio: ['ignore', 'pipe', 'inherit'] });
  base = await new Promise((found, lost) => {
    let text = '';
    relay.stdout.on('data', bytes => { text += bytes; const at = /relay started .*? http=(\S+)/.exec(text); if (at) found(at[1]); });
    relay.on('exit', code => lost(new Error(`the relay ended with ${code}: ${text}`)));
  });
  // Another site, on another port of this machine.
  elsewhere = http.createServer((_, answer) => {
    answer.setHeader('Content-Type', 'text/html');
    answer.end(`<!doctype html><title>elsewhere</title><a id="link" href="${base}/">a link</a><iframe id="frame" src="${base}/"></iframe>
      <form id="form" method="post" action="${base}/sign-out"><button>go</button></form>`);
  });
  await new Promise(ready => elsewhere.listen(0, '127.0.0.1', ready));
  elsewhereBase = `http://127.0.0.1:${elsewhere.address().port}`;
  browser = await launch();
});

after(async () => {
  await browser?.close();
  elsewhere?.close();
  relay?.removeAllListeners('exit');
  relay?.kill('SIGTERM');
});

async function open(theme = 'light', width = 1280) {
  const frame = await browser.newContext({ viewport: { width, height: 800 }, colorScheme: theme, reducedMotion: 'reduce' });
  const page = await frame.newPage();
  page.complaints = [];
  page.on('console', m => { if (['error', 'warning'].includes(m.type())) page.complaints.push(`${m.type()}: ${m.text()}`); });
  page.on('pageerror', e => page.complaints.push(`exception: ${e.message}`));
  return page;
}

async function signIn(page, token) {
  await page.fill('#token', token);
  await page.click('button[type=submit]');
}

const live = page => page.waitForSelector('.side[data-live=yes]', { timeout: 20_000 });

for (const theme of ['light', 'dark'])
  for (const width of [360, 1280])
    test(`the sign-in page can be read by everybody, ${theme}, ${width} px`, async () => {
      const page = await open(theme, width);
      await page.goto(base + '/messages');
      assert.equal(new URL(page.url()).pathname, '/sign-in');
      await signIn(page, 'not-a-token-0123456789');
      await page.waitForSelector('[role=alert]');
      // Its own policy allows no script that is put into the page: a world beside it may look at it all the same.
      const found = await (async () => {
        const session = await page.context().newCDPSession(page);
        await session.send('Page.setBypassCSP', { enabled: true });
        await page.reload({ waitUntil: 'load' }).catch(() => {});
        await page.goto(base + '/sign-in?next=/messages');
        await page.evaluate(axe());
        return page.evaluate(() => window.axe.run(document, { resultTypes: ['violations'], runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] }));
      })();
      assert.deepEqual(found.violations.map(v => `${v.id}: ${v.nodes.map(n => n.target).join(' | ')}`), []);
      if (process.env.SHOTS) await page.screenshot({ path: path.join(process.env.SHOTS, `sign-in-${theme}-${width}.png`) });
      await page.context().close();
    });

test('a token opens the page that was asked for, live, and signing out closes it', async () => {
  const page = await open();
  await page.goto(base + '/messages');
  await signIn(page, OPERATOR);
  await page.waitForURL(base + '/messages');
  await live(page);
  assert.match(await page.textContent('form[action="/sign-out"]'), /act/);
  assert.deepEqual(page.complaints, [], 'the browser complains: is the content policy too tight?');
  if (process.env.SHOTS) await page.screenshot({ path: path.join(process.env.SHOTS, 'signed-in.png') });
  await page.click('form[action="/sign-out"] button');
  await page.waitForURL(base + '/sign-in');
  await page.goto(base + '/messages');
  assert.equal(new URL(page.url()).pathname, '/sign-in');
  await page.context().close();
});

test('every page opens under the content policy without a complaint', async () => {
  const page = await open();
  await page.goto(base + '/');
  await signIn(page, READER);
  await live(page);
  for (const at of ['/', '/incidents', '/messages', '/upstreams', '/check', '/addresses', '/events', '/configuration']) {
    await page.goto(base + at);
    await live(page);
    assert.deepEqual(page.complaints, [], at);
  }
  assert.match(await page.textContent('main'), /admin/, 'the configuration is for administrators');
  await page.context().close();
});

test('who may only look is offered no action', async () => {
  const page = await open();
  await page.goto(base + '/check');
  await signIn(page, READER);
  await live(page);
  assert.ok(await page.isDisabled('button.primary'));
  await page.context().close();
});

test('another site can link here, and neither frame, post, fetch nor open a socket', async () => {
  const page = await open();
  await page.goto(base + '/');
  await signIn(page, OPERATOR);
  await live(page);
  await page.goto(elsewhereBase);
  const reached = await page.evaluate(async at => {
    const told = {};
    await fetch(`${at}/api/v1/queue/actions`, { method: 'POST', credentials: 'include', mode: 'no-cors', headers: { 'Content-Type': 'text/plain' }, body: '{"action":"hold","all":true}' }).then(() => { told.post = 'sent'; }, () => { told.post = 'failed'; });
    told.read = await fetch(`${at}/api/v1/status`, { credentials: 'include' }).then(r => r.status, () => 'failed');
    told.socket = await new Promise(done => { const s = new WebSocket(at.replace('http', 'ws') + '/_blazor?id=x'); s.onopen = () => done('open'); s.onerror = () => done('failed'); });
    told.stream = await new Promise(done => { const s = new EventSource(`${at}/api/v1/events/stream`, { withCredentials: true }); s.onopen = () => done('open'); s.onerror = () => done('failed'); });
    return told;
  }, base);
  assert.deepEqual(reached, { post: 'failed', read: 'failed', socket: 'failed', stream: 'failed' });
  const frame = page.frames().find(f => f !== page.mainFrame());
  assert.equal(await frame.locator('.side').count(), 0, 'a frame shows the relay');
  await page.click('#form button');
  await page.waitForLoadState();
  assert.match(await page.textContent('body'), /the request is refused/);
  // Still signed in: the other site's form has not signed anybody out.
  await page.goto(elsewhereBase);
  await page.click('#link');
  await live(page);
  const events = await (await fetch(`${base}/api/v1/events?type=audit.refused&limit=100`, { headers: { Authorization: `Bearer ${READER}` } })).json();
  const refused = events.events.map(e => e.data.did);
  for (const did of ['POST /api/v1/queue/actions', 'GET /api/v1/status', 'GET /_blazor', 'GET /api/v1/events/stream', 'POST /sign-out']) assert.ok(refused.includes(did), `${did} is not among ${refused}`);
  await page.context().close();
});
