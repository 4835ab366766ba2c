#!/usr/bin/env bash
# Builds everything with warnings as errors and runs every test: unit and property tests, end-to-end tests beside real mail servers,
# the dashboard in a browser, every scenario of the fault lab, a short round of fuzzing, the packages installed and started. The last line is the sum; the exit code is 0 only when nothing failed.
#   ./test.sh                all            ./test.sh scripts|unit|e2e|browser|lab|fuzz|packages ...   some
#   POSTERN_TEST_NO_INSTALL=1               do not install what the tests need
set -u
cd "$(dirname "$0")" || exit 2
parts=("$@")
[ ${#parts[@]} -gt 0 ] || parts=(scripts unit e2e browser lab fuzz packages)
configuration=${CONFIGURATION:-Release}
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1 DOTNET_CLI_UI_LANGUAGE=en PATH="$PATH:/usr/sbin:/sbin:$HOME/.dotnet"
export POSTERN_TEST_TOOLS=${POSTERN_TEST_TOOLS:-${XDG_CACHE_HOME:-${HOME:-/tmp}/.cache}/postern-test}
# Servers left behind by MSBuild would outlive the script and hold its output open.
export MSBUILDDISABLENODEREUSE=1 UseSharedCompilation=false
ulimit -n 20000 2>/dev/null || ulimit -n "$(ulimit -Hn)"

passed=0 failed=0 skipped=0
out=$(mktemp -d) || exit 2
trap 'rm -rf "$out"' EXIT
finish() {
  echo "$passed passed, $failed failed, $skipped skipped"
  [ "$failed" -eq 0 ]
  exit
}
wants() { local part; for part in "${parts[@]}"; do [ "$part" = "$1" ] && return 0; done; return 1; }
title() { printf '\n== %s (%(%H:%M:%S)T)\n' "$*" -1; }

# run_tests NAME LIMIT ARGUMENTS...: one test program; its own summary gives the counts, and no summary is a failure.
run_tests() {
  local name=$1 limit=$2 status bad; shift 2
  local log=$out/$name.log
  title "$name"
  timeout -k 15 "$limit" "test/$name/bin/$configuration/net10.0/$name" --progress off --no-ansi --output detailed "$@" </dev/null 2>&1 | tee "$log" | grep -v '^passed '
  status=${PIPESTATUS[0]}
  bad=$(counted "$log" failed)
  passed=$((passed + $(counted "$log" succeeded)))
  skipped=$((skipped + $(counted "$log" skipped)))
  failed=$((failed + bad))
  if [ "$status" -ne 0 ] && [ "$bad" = 0 ]; then
    failed=$((failed + 1))
    case $status in
      124 | 137) echo "FAILED: $name did not end within $limit s" ;;
      *) echo "FAILED: $name ended with code $status" ;;
    esac
  fi
}

# counted LOG WORD: the number in the runner's summary, 0 when there is none.
counted() {
  local n
  n=$(sed -n "s/^ *$2: \([0-9][0-9]*\)\$/\1/p" "$1" | tail -n 1)
  echo "${n:-0}"
}

# run_lab: every scenario counts; the goal decides. A few may be amiss while it is reached: they are named, and fail nothing.
run_lab() {
  local log=$out/lab.log status sum right amiss again
  title "lab"
  timeout -k 15 900 lab/run.sh --test </dev/null 2>&1 | tee "$log" | grep -v '^right '
  status=${PIPESTATUS[0]}
  if grep -q '^SKIPPED' "$log"; then skipped=$((skipped + 1)); return; fi
  sum=$(grep '^lab: passed=' "$log" | tail -n 1)
  if [ -z "$sum" ]; then
    failed=$((failed + 1))
    if [ "$status" = 124 ] || [ "$status" = 137 ]; then echo "FAILED: the lab did not end within 900 s"; else echo "FAILED: the lab ended with code $status and no sum"; fi
    return
  fi
  right=${sum#*passed=} amiss=${sum#*amiss=} again=${sum#*second-run=}
  right=${right%% *} amiss=${amiss%% *} again=${again%% *}
  passed=$((passed + right))
  if [ "$again" != 0 ]; then echo "lab: $again scenarios were right only when they were run again by themselves"; fi
  if [ "$status" -ne 0 ]; then
    failed=$((failed + (amiss > 0 ? amiss : 1)))
    echo "FAILED: the lab misses its goal, $amiss scenarios are amiss (see above)"
  elif [ "$amiss" != 0 ]; then
    echo "lab: $amiss scenarios are amiss (WRONG or AMISS above) and counted neither as passed nor as failed: the goal is reached all the same"
  fi
}

# run_browser: every page of the dashboard in Chromium, in a network of its own.
run_browser() {
  local log=$out/browser.log status why=
  title "browser"
  command -v chromium >/dev/null || why="chromium is not installed"
  command -v node >/dev/null || why="node is not installed"
  for package in playwright-core axe-core; do [ -d "$POSTERN_TEST_TOOLS/npm/node_modules/$package" ] || why="the npm package $package is not in $POSTERN_TEST_TOOLS/npm"; done
  if [ -n "$why" ]; then echo "SKIPPED: $why"; skipped=$((skipped + 1)); return; fi
  CONFIGURATION=$configuration timeout -k 15 900 test/browser/world.sh node --test --test-concurrency 1 --test-reporter spec test/browser/dashboard.test.mjs test/browser/access.test.mjs </dev/null 2>&1 | tee "$log"
  status=${PIPESTATUS[0]}
  if [ "$status" = 77 ]; then skipped=$((skipped + 1)); return; fi
  passed=$((passed + $(browser_count pass)))
  failed=$((failed + $(browser_count fail) + $(browser_count cancelled)))
  if [ "$status" -ne 0 ] && [ "$(browser_count fail)" = 0 ]; then failed=$((failed + 1)); echo "FAILED: the browser tests ended with code $status"; fi
}

# browser_count WORD: the number in node's summary, 0 when there is none.
browser_count() {
  local n
  n=$(sed -n "s/^. $1 \([0-9][0-9]*\)\$/\1/p" "$out/browser.log" | tail -n 1)
  echo "${n:-0}"
}

command -v dotnet >/dev/null || { echo "FAILED: no 'dotnet' on the path; install the .NET 10 SDK (https://dotnet.microsoft.com/download)"; failed=1; finish; }
if [ -z "${POSTERN_TEST_NO_INSTALL:-}" ]; then title "tools"; timeout -k 10 300 ./eng/test-tools.sh || echo "test tools: not complete; some tests will be skipped"; fi

if wants scripts; then
  title "scripts"
  if command -v shellcheck >/dev/null; then
    mapfile -t scripts < <(git ls-files -co --exclude-standard -- '*.sh' .ci/run 2>/dev/null || find . -name '*.sh' -not -path '*/node_modules/*')
    if shellcheck -x "${scripts[@]}"; then passed=$((passed + 1)); else failed=$((failed + 1)); fi
  else
    echo "SKIPPED: shellcheck is not installed"; skipped=$((skipped + 1))
  fi
fi

title "build ($configuration)"
if ! timeout -k 15 420 dotnet build Postern.slnx -c "$configuration" -v quiet -nologo -warnaserror -clp:NoSummary </dev/null; then
  echo "FAILED: the build"
  failed=$((failed + 1))
  finish
fi

wants unit && run_tests Postern.Tests 480
wants e2e && run_tests Postern.EndToEndTests 420
wants browser && run_browser
wants lab && run_lab
if wants fuzz && [ -x ./fuzz.sh ]; then
  title "fuzz"
  timeout -k 15 120 ./fuzz.sh short </dev/null 2>&1 | tee "$out/fuzz.log"
  [ "${PIPESTATUS[0]}" -eq 0 ] || grep -q '^FAILED' "$out/fuzz.log" || { echo "FAILED: fuzz.sh"; failed=$((failed + 1)); }
  passed=$((passed + $(grep -c '^PASSED' "$out/fuzz.log")))
  failed=$((failed + $(grep -c '^FAILED' "$out/fuzz.log")))
  skipped=$((skipped + $(grep -c '^SKIPPED' "$out/fuzz.log")))
fi
if wants packages && [ -x test/packages/run.sh ]; then
  title "packages"
  timeout -k 15 1200 test/packages/run.sh </dev/null 2>&1 | tee "$out/packages.log"
  [ "${PIPESTATUS[0]}" -eq 0 ] || { echo "FAILED: the tests of the packages did not come to their end"; failed=$((failed + 1)); }
  passed=$((passed + $(grep -ac '^PASSED' "$out/packages.log")))
  failed=$((failed + $(grep -ac '^FAILED' "$out/packages.log")))
  skipped=$((skipped + $(grep -ac '^SKIPPED' "$out/packages.log")))
fi
title "sum"
finish
