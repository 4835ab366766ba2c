// Lints a Dockerfile:  TOOLS=FOLDER-WITH-node_modules node dockerfile.mjs FILE
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

const { validate } = createRequire(join(process.env.TOOLS, 'x.js'))('dockerfile-utils');
const found = validate(readFileSync(process.argv[2], 'utf8'));
for (const problem of found) console.log(`${process.argv[2]}:${problem.range.start.line + 1}: ${problem.message}`);
process.exit(found.length > 0 ? 1 : 0);
