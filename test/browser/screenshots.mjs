// Pictures of every page, in the light and in the dark, for docs/img. Run by docs/screenshots.sh.
import fs from 'node:fs';
import path from 'node:path';
import { launch } from './chromium.mjs';
import { start } from './scenery.mjs';

const into = process.argv[2];
const minutes = Number(process.argv[3] ?? 4);

const scene = await start();
const quiet = scene.trickle();
// So that the charts have something to show.
await scene.sleep(minutes * 60_000);
const json = async at => (await fetch(scene.base + at)).json();
const incidents = (await json('/api/v1/incidents?all=true')).incidents;
const walked = incidents.find(i => i.upstream.startsWith('mx1.far') && i.diagnosis.paths) ?? incidents.find(i => i.diagnosis.paths);
const pages = {
  overview: '/',
  incidents: '/incidents',
  incident: `/incidents/${incidents.find(i => i.cause === 'ip-reputation').id}`,
  path: `/incidents/${walked.id}`,
  messages: '/messages',
  message: `/messages/${(await json('/api/v1/queue?q=payroll&limit=1')).messages[0].id}`,
  upstreams: '/upstreams',
  upstream: '/upstreams/bulk',
  check: '/check',
  addresses: '/addresses',
  events: '/events',
  configuration: '/configuration',
};
const browser = await launch();
fs.mkdirSync(into, { recursive: true });
for (const theme of ['light', 'dark']) {
  for (const [width, names] of [[1280, Object.keys(pages)], [390, ['overview', 'messages']]]) {
    const page = await (await browser.newContext({ viewport: { width, height: width === 1280 ? 900 : 844 }, colorScheme: theme, reducedMotion: 'reduce' })).newPage();
    for (const name of names) {
      await page.goto(scene.base + pages[name]);
      await page.waitForSelector('.side[data-live=yes]');
      if (name === 'check') {
        await page.locator('#target').fill('campus');
        await page.getByRole('button', { name: 'Examine' }).click();
        await page.waitForFunction(() => document.querySelector('main').textContent.includes('What it rests on'), null, { timeout: 40_000 });
      }
      await page.waitForTimeout(name === 'addresses' ? 4000 : 1500);
      if (name === 'path') await page.locator('.paths').scrollIntoViewIfNeeded();
      await page.screenshot({ path: path.join(into, `${name}-${width === 1280 ? '' : 'narrow-'}${theme}.png`) });
    }
    await page.context().close();
  }
}
await browser.close();
quiet();
await scene.stop();
process.exit(0);
