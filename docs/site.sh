#!/bin/sh
# Makes the site of these pages: artifacts/site, to be opened from a disk or served by anything. Needs node and npm, for three packages at the first time.
#   docs/site.sh [OUTPUT]
set -eu
cd "$(dirname -- "$0")/.."
out=${1:-artifacts/site}
tools=${POSTERN_SITE_TOOLS:-artifacts/site-tools}
command -v node >/dev/null || { echo "site.sh: node is not installed" >&2; exit 2; }
if ! cmp -s docs/site/package.json "$tools/package.json" || [ ! -d "$tools/node_modules/markdown-it" ]; then
  mkdir -p "$tools"
  cp docs/site/package.json "$tools/package.json"
  (cd "$tools" && npm install --no-audit --no-fund --ignore-scripts --silent) || { rm -f "$tools/package.json"; echo "site.sh: npm could not fetch the packages" >&2; exit 2; }
fi
TOOLS=$(cd "$tools" && pwd) node docs/site/build.mjs . "$out"
