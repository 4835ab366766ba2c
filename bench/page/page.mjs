// What the dashboard costs: how quickly it answers with a great many waiting messages, how smooth it stays while events pour in, and what an open page takes from the relay.
//   node bench/page/page.mjs POSTERN BENCHMARKS FOLDER WAITING     (started by "bench/run.sh page WAITING")
// Chromium is given what the relay leaves of the processor (nice 19): who looks at the page sits at another machine.
import { spawn, execFileSync } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { launchServer } from '../../test/browser/chromium.mjs';

const [postern, benchmarks, parent, waiting] = process.argv.slice(2);
const PAIRS = Number(process.env.PAIRS ?? 5), MAIL = Number(process.env.MAIL ?? 40000), LOOKS = 20;
const folder = fs.mkdtempSync(path.join(path.resolve(parent), 'page-'));
const started = [];
const median = numbers => [...numbers].sort((a, b) => a - b)[numbers.length >> 1];
const show = numbers => `${median(numbers).toFixed(1)}, ${Math.max(...numbers).toFixed(1)}`;
const sleep = ms => new Promise(done => setTimeout(done, ms));

function start(program, args, options = {}) {
  const child = spawn(program, args, { stdio: 'ignore', ...options });
  started.push(child);
  return child;
}
const ended = child => new Promise(done => child.once('exit', done));
const freePort = () => new Promise(done => { const server = net.createServer().listen(0, '127.0.0.1', () => { const { port } = server.address(); server.close(() => done(port)); }); });

async function relay(data, upstream) {
  const smtp = await freePort(), http = await freePort(), config = path.join(folder, 'postern.toml');
  fs.writeFileSync(config, `[server]\nhostname = "relay.example.net"\ndata = "${data}"\nhttp = "127.0.0.1:${http}"\n[[listener]]\naddress = "127.0.0.1:${smtp}"\n[diagnosis]\nprobe = false\n`
    + `[[upstream]]\nname = "sink"\naddress = "127.0.0.1:${upstream}"\ntls = "none"\n[[route]]\nupstreams = ["sink"]\n[queue]\nmin_free = "64MiB"\n`);
  const child = start(postern, ['serve', '--config', config], { stdio: ['ignore', fs.openSync(path.join(folder, 'relay.log'), 'w'), 'inherit'] });
  const base = `http://127.0.0.1:${http}`;
  for (let i = 0; ; i++) {
    if (child.exitCode !== null || i > 1200) throw new Error('the relay did not come up');
    if (await fetch(`${base}/api/v1/status`).then(r => r.ok, () => false)) break;
    await sleep(100);
  }
  return { child, smtp, base };
}
async function stop(child) { const end = ended(child); child.kill('SIGTERM'); await end; }
const pss = pid => Number(/^Pss:\s+(\d+)/m.exec(fs.readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))[1]) / 1024;
function cpu(pid) { const words = fs.readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' '); return (Number(words[11]) + Number(words[12])) * 10; }

async function timed(url) {
  const took = [];
  for (let i = 0; i < LOOKS; i++) {
    const began = performance.now();
    const answer = await fetch(url, { headers: { Accept: url.includes('/api/') ? 'application/json' : 'text/html' } });
    await answer.arrayBuffer();
    if (!answer.ok) throw new Error(`${answer.status} ${url}`);
    took.push(performance.now() - began);
  }
  return show(took);
}

/** An open page in a browser of the lowest priority; counts what changes on it and the longest time between two pictures. */
async function look(url) {
  const { server, browser } = await launchServer();
  const children = pid => { const found = [pid]; for (let i = 0; i < found.length; i++) { try { found.push(...execFileSync('pgrep', ['-P', String(found[i])], { encoding: 'utf8' }).trim().split('\n').map(Number)); } catch { /* none */ } } return found.map(String); };
  const quiet = () => { try { execFileSync('renice', ['-n', process.env.BROWSER_NICE ?? '19', '-p', ...children(server.process().pid)], { stdio: 'ignore' }); } catch { /* one ended meanwhile */ } };
  const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
  const began = performance.now();
  await page.goto(url);
  await page.waitForSelector('.side[data-live=yes]');
  const live = performance.now() - began;
  quiet();
  await page.evaluate(() => {
    window.seen = { changes: 0, gaps: [] };
    new MutationObserver(list => { window.seen.changes += list.length; }).observe(document.body, { childList: true, subtree: true, characterData: true, attributes: true });
    let last = performance.now();
    const frame = now => { window.seen.gaps.push(now - last); last = now; requestAnimationFrame(frame); };
    requestAnimationFrame(frame);
  });
  return {
    live,
    tell: () => page.evaluate(() => { const g = window.seen.gaps.sort((a, b) => a - b); const told = { changes: window.seen.changes, frame99: g[Math.floor(g.length * 0.99)], worst: g.at(-1) }; window.seen.changes = 0; window.seen.gaps = []; return told; }),
    close: () => server.close(),
  };
}

/** Sends mail and waits until none is left; milliseconds and CPU milliseconds of the relay. */
async function run({ child, smtp, base }, from) {
  const before = cpu(child.pid), began = performance.now();
  await ended(start('smtp-source', ['-s', '20', '-m', String(MAIL), '-l', '1024', '-f', from, '-t', 'someone@example.org', `127.0.0.1:${smtp}`]));
  while ((await (await fetch(`${base}/api/v1/status`)).json()).queue.messages > 0) await sleep(20);
  return { ms: performance.now() - began, cpu: cpu(child.pid) - before };
}

async function withMany() {
  const data = path.join(folder, 'many');
  execFileSync(benchmarks, ['fill', data, waiting, '1024', '1'], { stdio: 'inherit' });
  const r = await relay(data, await freePort());
  await sleep(10_000);
  const there = (await (await fetch(`${r.base}/api/v1/status`)).json()).queue.messages;
  if (there !== Number(waiting)) throw new Error(`${there} messages wait, ${waiting} should`);
  console.log(`${waiting} messages wait: ${pss(r.child.pid).toFixed(0)} MiB (PSS) ten seconds after the start`);
  console.log('| what is asked | median, worst of 20 (ms) |\n|---|---|');
  for (const [name, at] of [['overview, as the server makes it', '/'], ['overview, its figures', '/api/v1/status'], ['messages, first page', '/messages'], ['search: a word that is in none', '/api/v1/queue?q=nowhere-to-be-found&limit=100'],
    ['search: a recipient', '/api/v1/queue?recipient=*4711@*&limit=100'], ['search: a page of the dashboard with a word', '/messages?q=nowhere-to-be-found'], ['upstreams', '/upstreams'], ['incidents', '/incidents']])
    console.log(`| ${name} | ${await timed(r.base + at)} |`);
  const page = await look(`${r.base}/`);
  console.log(`| overview in Chromium until it is live | ${page.live.toFixed(1)} |`);
  await sleep(5000);
  const told = await page.tell();
  console.log(`open overview, ${waiting} waiting: 99 % of pictures within ${told.frame99.toFixed(0)} ms, worst ${told.worst.toFixed(0)} ms`);
  await page.close();
  console.log(`memory after the looks: ${pss(r.child.pid).toFixed(0)} MiB`);
  await stop(r.child);
  fs.rmSync(data, { recursive: true });
}

/** Alternately without and with a page, so that a machine that slows down does so for both. */
async function pairs(title, at, sinkArgs, from) {
  const upstream = await freePort();
  const sink = start('smtp-sink', [...(process.getuid() === 0 ? ['-u', 'nobody'] : []), ...sinkArgs, `127.0.0.1:${upstream}`, '1000']);
  const r = await relay(path.join(folder, `data-${at.replaceAll('/', '')}-${title.length}`), upstream);
  if (sink.exitCode !== null) throw new Error('smtp-sink did not start');
  await run(r, from);
  const [off, on] = [[], []];
  let told = null;
  for (let i = 0; i < PAIRS; i++) {
    off.push(await run(r, from));
    const page = await look(r.base + at);
    on.push(await run(r, from));
    told = await page.tell();
    await page.close();
  }
  const rate = runs => MAIL / median(runs.map(x => x.ms)) * 1000, cost = runs => median(runs.map(x => x.cpu)) / MAIL;
  console.log(`| ${title} | ${rate(off).toFixed(0)}/s, ${cost(off).toFixed(4)} | ${rate(on).toFixed(0)}/s, ${cost(on).toFixed(4)} | ${((rate(on) / rate(off) - 1) * 100).toFixed(1)} %, ${((cost(on) / cost(off) - 1) * 100).toFixed(1)} % | ${told.changes} changes, 99 % of pictures within ${told.frame99.toFixed(0)} ms, worst ${told.worst.toFixed(0)} ms |`);
  console.log(`  pairs (messages/s without, with): ${off.map((x, n) => `${(MAIL / x.ms * 1000).toFixed(0)} ${(MAIL / on[n].ms * 1000).toFixed(0)}`).join('; ')}`);
  await stop(r.child);
  await stop(sink);
}

try {
  if (Number(waiting) > 0) await withMany();
  console.log('\n| while mail goes through | no page: messages, CPU ms each | a page open | difference | the page in its last run |\n|---|---|---|---|---|');
  await pairs('overview open, all is delivered', '/', [], 'sender@example.com');
  await pairs('events open, each message is bounced: an event each', '/events', ['-f', 'RCPT', '-B', '550 5.1.1 no such user'], '');
} finally {
  for (const child of started) if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
  fs.rmSync(folder, { recursive: true, force: true });
}
