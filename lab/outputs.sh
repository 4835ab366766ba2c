#!/usr/bin/env bash
# Writes docs/causes/outputs: what Postern prints for each of the seven causes, from one scenario of the fault lab each. Needs what lab/run.sh needs (root on Linux);
# times, ids and ports differ from run to run. docs/generate.sh writes the other pages.
set -u
root=$(cd -- "$(dirname -- "$0")/.." && pwd) || exit 2
exec "$root/lab/run.sh" --outputs "$root/docs/causes/outputs"
