// The dashboard in a real browser, against a real relay with real trouble. Run by test.sh (part "browser"), inside world.sh.
import { after, before, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { axe, launch } from './chromium.mjs';
import { start } from './scenery.mjs';

const widths = [360, 768, 1440];
const themes = ['light', 'dark'];
let scene, browser;

/** A page whose complaints are kept. */
async function open(at, { theme = 'light', width = 1440, context = {} } = {}) {
  const frame = await browser.newContext({ viewport: { width, height: 900 }, colorScheme: theme, reducedMotion: 'reduce', ...context });
  const page = await frame.newPage();
  page.complaints = [];
  page.on('console', m => { if (['error', 'warning'].includes(m.type())) page.complaints.push(`${m.type()}: ${m.text()}`); });
  page.on('pageerror', e => page.complaints.push(`exception: ${e.message}`));
  page.on('request', r => { if (!r.url().startsWith(scene.base) && !r.url().startsWith('data:') && !r.url().startsWith('ws://127.0.0.1')) page.complaints.push(`asks elsewhere: ${r.url()}`); });
  page.on('response', r => { if (r.status() >= 400) page.complaints.push(`${r.status()} ${r.url()}`); });
  await go(page, at);
  return page;
}

async function go(page, at) {
  await page.goto(scene.base + at);
  await page.waitForSelector('.side[data-live=yes]');
}

async function quiet(page) {
  assert.deepEqual(page.complaints, [], 'the browser complains');
  await page.context().close();
}

async function violations(page, where) {
  await page.evaluate(axe());
  const found = await page.evaluate(() => window.axe.run(document, { resultTypes: ['violations'], runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] }));
  return found.violations.map(v => `${where}: ${v.id}: ${v.nodes.slice(0, 3).map(n => `${n.target} ${n.failureSummary.split('\n')[1] ?? ''}`).join(' | ')}`);
}

async function accessible(page, where) {
  assert.deepEqual(await violations(page, where), []);
}

async function json(at) { return (await fetch(scene.base + at)).json(); }
const found = async q => (await json(`/api/v1/queue?q=${encodeURIComponent(q)}&limit=100`)).messages;
const sound = log => assert.ok(!/unhandled|System\.\w*Exception/i.test(log), `in the log:\n${log.split('\n').filter((l, i, all) => /unhandled|Exception/i.test(l + (all[i - 1] ?? '') + (all[i - 2] ?? ''))).slice(0, 12).join('\n')}`);
const waitFor = (page, text, selector = 'main') => page.waitForFunction(([s, t]) => document.querySelector(s)?.textContent.includes(t), [selector, text], { timeout: 15_000 })
  .catch(async () => { throw new Error(`not on ${page.url()}: ${text}; but: ${(await page.locator(selector).first().textContent()).replace(/\s+/g, ' ').slice(0, 600)}`); });

before(async () => {
  scene = await start();
  browser = await launch();
});

after(async () => {
  await browser?.close();
  const log = await scene?.stop();
  if (log) sound(log);
});

/** Every page, with the ids of this run in place. */
async function pages() {
  const incidents = (await json('/api/v1/incidents?all=true')).incidents;
  const of = cause => incidents.find(i => i.cause === cause)?.id;
  return ['/', '/incidents', `/incidents/${of('ip-reputation')}`, `/incidents/${of('rate-limited')}`, '/messages', '/messages?q=cause:upstream-down', `/messages/${(await found('campus'))[0].id}`, '/messages/0000000000000',
    '/upstreams', '/upstreams/bulk', '/upstreams/nobody', '/check', '/addresses', '/events', '/configuration'];
}

describe('every page', () => {
  for (const theme of themes) {
    for (const width of widths) {
      test(`is accessible, quiet and fits, in the ${theme} at ${width} pixels`, async () => {
        const page = await open('/', { theme, width });
        const wrong = [];
        for (const at of await pages()) {
          await go(page, at);
          assert.equal(await page.locator('h1').count(), 1, `${at} has one heading`);
          assert.match(await page.title(), /Postern$/);
          const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
          if (wide > 0) wrong.push(`${at} is ${wide} pixels too wide`);
          wrong.push(...await violations(page, at));
        }
        assert.deepEqual(wrong, []);
        await quiet(page);
      });
    }
  }

  test('is served whole before any script runs', async () => {
    const html = await (await fetch(scene.base + '/')).text();
    assert.match(html, /payroll/);
    assert.doesNotMatch(html, /<script(?![^>]*\ssrc=)[^>]*>[^<]/, 'an inline script');
    assert.doesNotMatch(html, /\sstyle="/, 'an inline style');
  });

  test('does not move when it comes alive', async () => {
    const page = await open('/');
    const shift = await page.evaluate(() => new Promise(done => {
      let sum = 0;
      new PerformanceObserver(list => { for (const e of list.getEntries()) sum += e.value; }).observe({ type: 'layout-shift', buffered: true });
      setTimeout(() => done(sum), 3000);
    }));
    assert.ok(shift < 0.05, `layout shift of ${shift}`);
    await quiet(page);
  });
});

describe('by keyboard', () => {
  test('the first stop is the way past the menu, and every stop is seen', async () => {
    const page = await open('/');
    await page.keyboard.press('Tab');
    assert.equal(await page.evaluate(() => document.activeElement.textContent), 'Skip to the content');
    await page.keyboard.press('Enter');
    assert.equal(await page.evaluate(() => document.activeElement.id), 'content');
    await page.evaluate(() => document.activeElement.blur());
    await page.evaluate(() => document.querySelector('.skip').focus());
    const seen = new Set();
    for (let i = 0; i < 45; i++) {
      await page.keyboard.press('Tab');
      const stop = await page.evaluate(() => {
        const at = document.activeElement, style = getComputedStyle(at), box = at.getBoundingClientRect();
        return { name: (at.getAttribute('aria-label') || at.title || at.textContent).trim().slice(0, 40), outlined: style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) > 0, size: box.width * box.height, body: at === document.body };
      });
      if (stop.body) break;
      seen.add(stop.name);
      assert.ok(stop.name.length > 0, 'a stop without a name');
      assert.ok(stop.outlined, `the focus is not seen on ${stop.name}`);
      assert.ok(stop.size > 0, `${stop.name} has no size`);
    }
    for (const name of ['How it is now', 'Dark', 'payroll', '6 hours', 'all events']) assert.ok([...seen].some(s => s.includes(name)), `${name} is reached; seen: ${[...seen].join(', ')}`);
    await quiet(page);
  });

  test('letters go to pages and a slash to the search', async () => {
    const page = await open('/');
    await page.locator('h1').click();
    await page.keyboard.press('g');
    await page.keyboard.press('m');
    await page.waitForURL('**/messages');
    await page.waitForSelector('#q');
    await page.keyboard.press('/');
    assert.equal(await page.evaluate(() => document.activeElement.id), 'q');
    await quiet(page);
  });
});

describe('the overview', () => {
  test('says the open incidents first, in words', async () => {
    const page = await open('/');
    assert.match(await page.locator('h1').textContent(), /need somebody to act/);
    const first = await page.locator('.incident').first().textContent();
    assert.match(first, /must act/);
    await page.locator('.incident h2 a', { hasText: 'payroll' }).click();
    await page.waitForURL('**/incidents/*');
    await waitFor(page, 'What to do');
    await quiet(page);
  });

  test('counts new mail without being loaded again', async () => {
    const page = await open('/');
    const sum = () => page.locator('.tile', { hasText: 'In' }).first().locator('.tile-foot').textContent().then(t => Number(t.replace(/\D/g, '')));
    const before = await sum();
    await scene.send(scene.mail('example.net'), scene.mail('example.net'), scene.mail('example.net'));
    await page.waitForFunction(n => Number(document.querySelector('.tile .tile-foot').textContent.replace(/\D/g, '')) >= n + 3, before, { timeout: 10_000 });
    await quiet(page);
  });

  test('shows other spans and says what a bar is', async () => {
    const page = await open('/');
    await page.getByRole('button', { name: '24 hours' }).click();
    await page.waitForSelector('button[aria-pressed=true]:has-text("24 hours")');
    assert.equal(await page.locator('.plot .bar').count(), 72);
    await page.locator('.plot .bar').last().hover();
    await page.waitForSelector('.tip:not([hidden])');
    assert.match(await page.locator('.tip').textContent(), /delivered: \d/);
    await quiet(page);
  });

  test('keeps the colours that were chosen', async () => {
    const light = 'rgb(245, 246, 248)', dark = 'rgb(13, 17, 23)';
    for (const [theme, asSystem, other, chosen] of [['light', light, 'Dark', dark], ['dark', dark, 'Light', light]]) {
      const page = await open('/', { theme });
      const ground = () => page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);
      assert.equal(await ground(), asSystem);
      await page.getByRole('button', { name: other }).click();
      assert.equal(await ground(), chosen);
      await page.reload();
      assert.equal(await ground(), chosen);
      await page.getByRole('button', { name: 'As the system' }).click();
      assert.equal(await page.evaluate(() => document.documentElement.dataset.theme ?? 'none'), 'none');
      assert.equal(await ground(), asSystem);
      await quiet(page);
    }
  });
});

describe('an incident', () => {
  test('says the fix, why it works, the evidence and by whom, and what was done', async () => {
    const page = await open('/incidents');
    await page.locator('.incident', { hasText: 'ip-reputation' }).locator('h2 a').click();
    await page.waitForURL('**/incidents/*');
    for (const text of ['What to do', 'Why that works', 'See it for yourself', 'What it rests on', 'they said', 'bl.example', 'What happened, what Postern did', 'kept'])
      await waitFor(page, text);
    assert.match(await page.locator('.transcript').first().textContent(), /554 5\.7\.1/);
    await quiet(page);
  });

  test('gives the commands to copy', async () => {
    const page = await open('/incidents', { context: { permissions: ['clipboard-read', 'clipboard-write'] } });
    await page.locator('.incident', { hasText: 'ip-reputation' }).locator('h2 a').click();
    await page.waitForURL('**/incidents/*');
    const button = page.locator('[data-copy]').first();
    await button.click();
    await page.waitForSelector('[data-copy].copied');
    assert.equal(await page.evaluate(() => navigator.clipboard.readText()), await button.getAttribute('data-copy'));
    await quiet(page);
  });

  test('draws the way that was walked, with where it ends', async () => {
    await scene.send(scene.mail('far.example'));
    let id;
    await scene.until('the far host is known', async () => (id = (await json('/api/v1/incidents?all=true')).incidents.find(i => i.upstream.startsWith('mx1.far') && i.diagnosis.paths)?.id), 120_000);
    const page = await open(`/incidents/${id}`);
    await waitFor(page, 'the way ends here');
    assert.ok(await page.locator('.hop').count() >= 4);
    await accessible(page, 'the way');
    await quiet(page);
  });
});

describe('upstreams', () => {
  test('show state, limits and each attempt', async () => {
    const page = await open('/upstreams');
    for (const name of ['provider', 'bulk', 'partner', 'campus', 'payroll', 'archive']) assert.equal(await page.locator('tbody tr', { hasText: name }).count() > 0, true, name);
    await waitFor(page, 'Limits that were learned');
    await page.getByRole('link', { name: 'bulk' }).first().click();
    await page.waitForURL('**/upstreams/bulk');
    for (const text of ['Attempts by the minute', 'went well', 'rate-limited', 'Learned from its refusals', 'The last attempts']) await waitFor(page, text);
    await page.getByRole('button', { name: '6 hours' }).click();
    await page.waitForSelector('.plot');
    await quiet(page);
  });

  test('forget their limits when somebody says so twice', async () => {
    const page = await open('/upstreams/bulk');
    await page.getByRole('button', { name: 'forget its limits' }).click();
    await page.getByRole('button', { name: 'Leave it' }).click();
    await page.getByRole('button', { name: 'forget its limits' }).click();
    await page.getByRole('button', { name: 'Forget them' }).click();
    await waitFor(page, 'Forgotten: ');
    await quiet(page);
  });
});

describe('messages', () => {
  test('are found by anything', async () => {
    const page = await open('/messages');
    for (const [q, hit] of [['campus.example', 'campus.example'], ['cause:auth-failed', 'auth-failed'], ['password was changed', 'password was changed'], ['recipient:*@partner.example', 'partner.example']]) {
      await page.locator('#q').fill(q);
      await page.locator('#q').press('Enter');
      await page.waitForURL(url => url.searchParams.get('q') === q);
      await waitFor(page, hit, 'tbody');
    }
    await page.locator('#q').fill('older_than:soon');
    await page.locator('#q').press('Enter');
    await waitFor(page, 'not a duration');
    await page.locator('#q').fill('nothing-has-this');
    await page.locator('#q').press('Enter');
    await waitFor(page, 'Nothing that waits has all of that');
    await page.getByRole('button', { name: 'deferred', exact: true }).click();
    await page.waitForURL('**state%3Adeferred**');
    await quiet(page);
  });

  test('are held, released, tried and bounced, all that match, after saying how many', async () => {
    const count = (await found('campus.example')).length;
    assert.ok(count >= 14);
    const page = await open('/messages?q=campus.example');
    const act = async (button, confirm) => {
      await page.getByRole('group', { name: 'Actions' }).getByRole('button', { name: button, exact: true }).click();
      const dialog = page.getByRole('alertdialog');
      await dialog.waitFor();
      assert.match(await dialog.textContent(), new RegExp(`${count} messages`), `${button} says how many`);
      await accessible(page, `the question before ${button}`);
      await dialog.getByRole('button', { name: confirm }).click();
      await page.getByRole('status').filter({ hasText: `${count} messages` }).waitFor();
    };
    await act('Hold', /^Hold/);
    await scene.until('they are held', async () => (await found('campus.example state:held')).length >= 0 && (await json('/api/v1/queue?q=campus.example&state=held&limit=100')).messages.length === count, 10_000);
    await act('Release', /^Release/);
    assert.equal((await json('/api/v1/queue?q=campus.example&state=held&limit=100')).messages.length, 0);
    await act('Retry now', /^Retry/);
    await act('Bounce', /^Bounce/);
    await scene.until('they are gone', async () => (await json('/api/v1/queue?recipient=*@campus.example&limit=100')).messages.length === 0, 20_000);
    await quiet(page);
  });

  test('are chosen one by one', async () => {
    const two = (await found('partner.example')).slice(0, 2).map(m => m.id);
    const page = await open('/messages?q=partner.example');
    for (const id of two) await page.getByRole('checkbox', { name: `Choose ${id}` }).check();
    await waitFor(page, 'For the 2 messages that you chose');
    await page.getByRole('group', { name: 'Actions' }).getByRole('button', { name: 'Hold' }).click();
    await page.getByRole('alertdialog').getByRole('button', { name: 'Hold 2 messages' }).click();
    await page.getByRole('status').filter({ hasText: '2 messages' }).waitFor();
    const held = (await json('/api/v1/queue?state=held&limit=100')).messages.map(m => m.id);
    assert.deepEqual(held.sort(), two.sort());
    await quiet(page);
  });

  test('tell their whole journey, and are downloaded, removed and remembered', async () => {
    const id = (await found('payroll'))[0].id;
    const page = await open(`/messages/${id}`);
    for (const text of ['Its journey', 'Accepted from 127.0.0.1', 'Each try in full', 'AUTH', '535 5.7.8', 'Recipients', 'What to do']) await waitFor(page, text);
    const download = page.waitForEvent('download');
    await page.getByRole('link', { name: 'Download' }).click();
    const text = fs.readFileSync(await (await download).path(), 'utf8');
    assert.match(text, /^Received: /);
    assert.match(text, /Subject: Order/);
    await page.getByRole('button', { name: 'Remove' }).click();
    await page.getByRole('alertdialog').getByRole('button', { name: 'Remove 1 message' }).click();
    await waitFor(page, 'is not in the queue');
    await quiet(page);
  });

  test('that match are downloaded in one archive', async () => {
    const page = await open('/messages?q=partner.example');
    const download = page.waitForEvent('download');
    await page.getByRole('link', { name: 'Download' }).click();
    const bytes = fs.readFileSync(await (await download).path());
    assert.equal(bytes.subarray(0, 2).toString(), 'PK');
    assert.ok(bytes.toString('latin1').includes(`${(await found('partner.example'))[0].id}.eml`));
    await quiet(page);
  });

  test('that were bounced are remembered', async () => {
    const bounced = (await json('/api/v1/events?type=message.bounced&latest=1')).events[0];
    const page = await open(`/messages/${bounced.data.id}`);
    await waitFor(page, 'is not in the queue');
    await waitFor(page, 'message.bounced');
    await quiet(page);
  });
});

describe('the other pages', () => {
  test('a check shows its stages as they come and a verdict at the end', async () => {
    const page = await open('/check');
    // A stage may be over before a look at the page finds it: what was shown is kept by the page itself.
    await page.evaluate(() => {
      window.shown = new Set();
      const look = () => { for (const name of ['.stages .spinner', '.stages li.good']) if (document.querySelector(name)) window.shown.add(name); };
      new MutationObserver(look).observe(document.body, { childList: true, subtree: true, attributes: true });
    });
    await page.locator('#target').fill('smtp.payroll.example:25');
    await page.getByRole('button', { name: 'Examine' }).click();
    await waitFor(page, 'What it rests on');
    assert.deepEqual(await page.evaluate(() => [...window.shown].sort()), ['.stages .spinner', '.stages li.good']);
    await accessible(page, 'a check');
    await page.locator('#target').fill('smtp.example.org:99999');
    await page.getByRole('button', { name: 'Examine' }).click();
    await page.getByRole('alert').waitFor();
    await page.getByRole('button', { name: 'campus' }).click();
    await waitFor(page, 'upstream-down');
    await quiet(page);
  });

  test('a check is stopped', async () => {
    const page = await open('/check?target=mx1.far.example:25');
    await page.getByRole('button', { name: 'Examine' }).click();
    await page.getByRole('button', { name: 'Stop' }).click();
    await waitFor(page, 'Stopped.');
    await quiet(page);
  });

  test('our addresses say who lists them and when that was looked at', async () => {
    const page = await open('/addresses');
    await waitFor(page, 'listed at 1');
    await waitFor(page, 'not listed at 2');
    await waitFor(page, 'Warm-up');
    await page.getByRole('button', { name: 'look now' }).first().click();
    await waitFor(page, 'looked ');
    await quiet(page);
  });

  test('events come live, by family, and hold still when asked', async () => {
    const page = await open('/events');
    await page.getByRole('button', { name: 'incidents', exact: true }).click();
    await page.waitForFunction(() => [...document.querySelectorAll('.event-type')].every(e => e.textContent.startsWith('incident.')));
    await page.getByRole('button', { name: 'all', exact: true }).click();
    await page.getByRole('button', { name: 'Pause' }).click();
    const top = await page.locator('.events li').first().textContent();
    await scene.send({ from: 'shop@example.org', to: 'nobody@example.org', subject: 'bounces' });
    await waitFor(page, 'newer');
    assert.equal(await page.locator('.events li').first().textContent(), top);
    await page.getByRole('button', { name: 'Go on' }).click();
    await waitFor(page, 'nobody@example.org', '.events li:first-child');
    await quiet(page);
  });

  test('the configuration shows what is set, where, and no secret', async () => {
    const page = await open('/configuration');
    await waitFor(page, 'postern.toml:');
    await waitFor(page, '***');
    assert.ok(!(await page.content()).includes('changed-last-week'), 'a password is on the page');
    await page.getByRole('button', { name: 'with defaults' }).click();
    await waitFor(page, 'max_message');
    await page.getByRole('searchbox').fill('hello');
    await waitFor(page, 'out1.example.org');
    await page.waitForFunction(() => !document.querySelector('main').textContent.includes('max_message'));
    await quiet(page);
  });

  test('a page that does not exist says so', async () => {
    const page = await open('/');
    await page.evaluate(() => window.Blazor.navigateTo('/no/such/page'));
    await waitFor(page, 'There is no such page');
    await page.context().close();
  });
});

test('a relay that goes away is told from one that is quiet', async () => {
  const page = await open('/');
  await page.context().setOffline(true);
  await page.evaluate(() => window.Blazor && document.body.dispatchEvent(new Event('x')));
  const log = await scene.stop();
  scene.stop = async () => null;
  sound(log);
  await page.waitForSelector('#components-reconnect-modal.components-reconnect-show, #components-reconnect-modal.components-reconnect-retrying, #components-reconnect-modal.components-reconnect-failed', { timeout: 60_000 });
  assert.ok(await page.locator('#components-reconnect-modal').isVisible());
  await page.context().close();
});

test('a relay that nobody has used yet says what to do next', async () => {
  scene = await start({ empty: true });
  const page = await open('/');
  await waitFor(page, 'Send a first message');
  assert.match(await page.locator('code').first().textContent(), /--server 127\.0\.0\.1:2525/);
  for (const at of ['/', '/incidents', '/messages', '/upstreams', '/check', '/addresses', '/events', '/configuration']) {
    await go(page, at);
    await accessible(page, `${at} of an empty relay`);
  }
  await go(page, '/');
  await scene.send({ from: 'you@example.test', to: 'you@example.test', subject: 'first' });
  await page.waitForFunction(() => !document.querySelector('main').textContent.includes('Send a first message'), null, { timeout: 10_000 });
  await quiet(page);
});
