// A relay with real trouble: upstreams that are well, down, strict, greylisting, that know us from a blocklist or not at all, and mail for each of them.
//   test/browser/world.sh node test/browser/scenery.mjs [MINUTES]      shows it until it is stopped
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { names, peer, submit } from './peers.mjs';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
const postern = process.env.POSTERN_BIN ?? path.join(root, `src/Postern/bin/${process.env.CONFIGURATION ?? 'Release'}/net10.0/postern`);
const HTTP = '127.0.0.1:8025', SMTP = 2525;

const table = {
  'smtp.provider.example': { A: ['203.0.113.25'] },
  'relay.bulk.example': { A: ['203.0.113.26'] },
  'mx.partner.example': { A: ['203.0.113.27'] },
  'mail.campus.example': { A: ['203.0.113.28'] },
  'smtp.payroll.example': { A: ['203.0.113.29'] },
  'mail.archive.example': { A: ['203.0.113.30'] },
  'far.example': { MX: [[10, 'mx1.far.example']] },
  'mx1.far.example': { A: ['203.0.113.200'] },
  'well.example': { MX: [[10, 'mx.well.example']] },
  'mx.well.example': { A: ['203.0.113.31'] },
  'lost.example': { MX: [[10, 'old-mail.lost.example']] },
  'out1.example.org': { A: ['192.0.2.10'] },
  'out2.example.org': { A: ['192.0.2.11'] },
  '10.2.0.192.in-addr.arpa': { PTR: ['out1.example.org'] },
  '11.2.0.192.in-addr.arpa': { PTR: ['out2.example.org'] },
  // Every list must have its test entry, else it counts as not well (RFC 5782 section 5).
  '2.0.0.127.bl.example': { A: ['127.0.0.2'], TXT: ['test entry'] },
  '2.0.0.127.dnsbl.example': { A: ['127.0.0.2'], TXT: ['test entry'] },
  '10.2.0.192.bl.example': { A: ['127.0.0.2'], TXT: ['spam seen from 192.0.2.10, see https://bl.example/lookup?ip=192.0.2.10'] },
  'reference.example': { A: ['203.0.113.25'] },
};

const config = data => `
[server]
hostname = "relay.example.org"
data = "${data}"
http = "${HTTP}"
[[listener]]
address = "127.0.0.1:${SMTP}"
[delivery]
retry = ["20s", "1m", "5m"]
mx_port = 25
[dns]
servers = ["203.0.113.53:53"]
[diagnosis]
controls = ["203.0.113.25:25"]
builtin_blocklists = false
[[diagnosis.blocklist]]
zone = "bl.example"
name = "Example Block List"
weight = "high"
delisting = "https://bl.example/remove"
codes = ["127.0.0.2=spam source"]
[[diagnosis.blocklist]]
zone = "dnsbl.example"
name = "Example DNSBL"
[[upstream]]
name = "provider"
address = "smtp.provider.example:25"
tls = "none"
[[upstream]]
name = "bulk"
address = "relay.bulk.example:25"
tls = "none"
max_sessions = 4
[[upstream]]
name = "partner"
address = "mx.partner.example:25"
tls = "none"
[[upstream]]
name = "campus"
address = "mail.campus.example:25"
tls = "none"
[[upstream]]
name = "payroll"
address = "smtp.payroll.example:25"
tls = "none"
auth = { user = "relay", password = "changed-last-week", without_tls = true }
[[upstream]]
name = "archive"
address = "mail.archive.example:25"
tls = "none"
[[egress]]
name = "out1"
address = "192.0.2.10"
hello = "out1.example.org"
[[egress]]
name = "out2"
address = "192.0.2.11"
hello = "out2.example.org"
warm_up = "standard"
${['bulk', 'partner', 'campus', 'payroll', 'archive'].map(u => `[[route]]\nmatch = { recipient_domain = ["${u}.example"] }\nupstreams = ["${u}"]\n${u === 'partner' ? 'egress = ["out1"]\n' : ''}`).join('')}[[route]]
match = { recipient_domain = ["far.example", "well.example", "lost.example"] }
via = "mx"
egress = ["out2"]
[[route]]
match = { recipient_domain = ["*"], sender = ["@blocked.example"] }
via = "reject"
[[route]]
upstreams = ["provider"]
`;

const sleep = ms => new Promise(r => setTimeout(r, ms));
const get = async p => (await fetch(`http://${HTTP}${p}`)).json();

async function until(what, test, limit = 60_000) {
  for (const end = Date.now() + limit; Date.now() < end; await sleep(250)) {
    try { if (await test()) return; } catch { /* not yet */ }
  }
  throw new Error(`not within ${limit / 1000} s: ${what}`);
}

/** Starts all of it and returns when the troubles are known. empty: a relay that nobody has used yet. */
export async function start({ empty = false, log = null } = {}) {
  const data = fs.mkdtempSync(path.join(os.tmpdir(), 'postern-browser-'));
  const closing = [];
  const greylisted = new Map();
  let taken = [];
  const limited = () => { const now = Date.now(); taken = taken.filter(t => now - t < 30_000); return taken.length >= 12; };
  closing.push(await names('203.0.113.53', 53, table));
  closing.push(await peer('203.0.113.25', 25, (event, _, line) => (event === 'rcpt' && /nobody@/.test(line) ? '550 5.1.1 <nobody@example.org>: Recipient address rejected: User unknown in virtual mailbox table' : null)));
  closing.push(await peer('203.0.113.26', 25, event => {
    if (event === 'mail' && limited()) return '421 4.7.28 Our system has detected an unusual rate of mail from your IP address. Please slow down';
    if (event === 'message') taken.push(Date.now());
    return null;
  }));
  closing.push(await peer('203.0.113.27', 25, event => (event === 'greeting' ? '554 5.7.1 Service unavailable; Client host [192.0.2.10] blocked using bl.example; https://bl.example/lookup?ip=192.0.2.10' : null)));
  closing.push(await peer('203.0.113.29', 25, event => (event === 'auth' ? '535 5.7.8 Error: authentication failed: the password was changed' : null)));
  closing.push(await peer('203.0.113.30', 25, (event, _, line) => {
    if (event !== 'rcpt') return null;
    const first = greylisted.get(line) ?? Date.now();
    greylisted.set(line, first);
    return Date.now() - first < 25_000 ? '450 4.7.1 <archive@archive.example>: Recipient address rejected: Greylisted, please try again in 25 seconds' : null;
  }));
  closing.push(await peer('203.0.113.31', 25));

  const file = path.join(data, 'postern.toml');
  fs.writeFileSync(file, config(path.join(data, 'queue')));
  const output = fs.openSync(log ?? path.join(data, 'log'), 'w');
  const relay = spawn(postern, ['serve', '--config', file], { stdio: ['ignore', output, output] });
  const ended = new Promise(r => relay.once('exit', r));
  await until('the relay is ready', async () => (await fetch(`http://${HTTP}/health/ready`)).ok);

  const send = (...messages) => submit('127.0.0.1', SMTP, messages);
  const stop = async () => {
    relay.kill('SIGTERM');
    await Promise.race([ended, sleep(30_000)]);
    for (const c of closing) c.close();
    const text = fs.readFileSync(log ?? path.join(data, 'log'), 'utf8');
    fs.rmSync(data, { recursive: true, force: true });
    return text;
  };
  const scene = { base: `http://${HTTP}`, send, get, until, stop, sleep };
  if (empty) return scene;

  let n = 0;
  const one = to => ({ from: ['shop@example.org', 'billing@example.org', 'alerts@example.org'][n % 3], to, subject: `Order ${++n} shipped` });
  scene.mail = domain => one(`${['anna', 'ben', 'carla', 'dimitri'][n % 4]}@${domain}`);
  scene.trickle = () => {
    // Mail goes on while somebody looks.
    const timer = setInterval(() => void send(scene.mail('example.net'), scene.mail('bulk.example')).catch(() => {}), 1500);
    return () => clearInterval(timer);
  };
  await send(...Array.from({ length: 40 }, () => scene.mail('example.net')), one('nobody@example.org'), one('nobody@example.org'));
  await send({ from: 'x@blocked.example', to: 'anna@example.net', subject: 'refused' });
  await send(...Array.from({ length: 30 }, () => scene.mail('bulk.example')));
  for (const [domain, count] of [['partner.example', 5], ['campus.example', 14], ['payroll.example', 3], ['archive.example', 2], ['far.example', 4], ['lost.example', 2], ['well.example', 6]])
    await send(...Array.from({ length: count }, () => scene.mail(domain)));
  await until('the troubles are known', async () => {
    const causes = (await get('/api/v1/incidents')).incidents.map(i => i.cause);
    return ['ip-reputation', 'rate-limited', 'upstream-down', 'auth-failed'].every(c => causes.includes(c));
  }, 90_000);
  await until('the way to the far host was walked', async () => (await get('/api/v1/incidents')).incidents.some(i => i.diagnosis.paths), 60_000).catch(e => console.error(`scenery: ${e.message}`));
  return scene;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const scene = await start({ log: process.env.SCENERY_LOG ?? null });
  const quiet = scene.trickle();
  console.log(`look at ${scene.base}`);
  await Promise.race([sleep((Number(process.argv[2]) || 60) * 60_000), new Promise(r => process.once('SIGINT', r)), new Promise(r => process.once('SIGTERM', r))]);
  quiet();
  await scene.stop();
  process.exit(0);
}
