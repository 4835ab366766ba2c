// Debian's Chromium, as playwright-core drives it: for the tests of the pages, their pictures and what they cost.
import fs from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';

const tools = process.env.POSTERN_TEST_TOOLS ?? path.join(process.env.XDG_CACHE_HOME ?? path.join(process.env.HOME ?? '/tmp', '.cache'), 'postern-test');
const require = createRequire(path.join(tools, 'npm', 'package.json'));
const { chromium } = require('playwright-core');
// It is asked for nothing but our pages, and asks for nothing else itself.
const settings = { executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-component-update', '--disable-sync'] };

export const launch = () => chromium.launch(settings);

/** A browser with a process of its own to be looked at, and a connection to it. */
export async function launchServer() {
  const server = await chromium.launchServer(settings);
  return { server, browser: await chromium.connect(server.wsEndpoint()) };
}

let source;
/** axe-core, to be run in a page. Read when it is wanted: not all who start a browser have it. */
export const axe = () => source ??= fs.readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');
