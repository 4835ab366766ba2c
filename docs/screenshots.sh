#!/usr/bin/env bash
# Makes the pictures of the dashboard in docs/img anew, from a real relay with real trouble (test/browser/scenery.mjs). Needs what test.sh part "browser" needs,
# and pngquant to make them small. Takes about six minutes.
set -eu
cd "$(dirname "$0")/.."
export POSTERN_TEST_TOOLS=${POSTERN_TEST_TOOLS:-${XDG_CACHE_HOME:-${HOME:-/tmp}/.cache}/postern-test}
raw=$(mktemp -d)
trap 'rm -rf "$raw"' EXIT
test/browser/world.sh node test/browser/screenshots.mjs "$raw" "${1:-4}"
mkdir -p docs/img
for picture in "$raw"/*.png; do
  pngquant --force --quality 70-95 --output "docs/img/$(basename "$picture")" "$picture"
done
du -sh docs/img
