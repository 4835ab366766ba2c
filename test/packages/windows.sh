#!/usr/bin/env bash
# Runs the single file for Windows under Wine, which stands for a Windows: a message goes in and is kept on its disk, the dashboard is served, and the verdict on an upstream
# that is not there is the same as elsewhere. What needs the service manager of a real Windows is not shown here. Prints PASSED, FAILED and SKIPPED lines.
#   test/packages/windows.sh FILE
set -u
# shellcheck source=test/packages/common.sh
. "$(dirname -- "$0")/common.sh"
file=$(readlink -f "$1")
name=$(basename "$file")
wine=$(command -v wine64 || ls /usr/lib/wine/wine64 2>/dev/null)
[ -n "$wine" ] || { echo "SKIPPED: $name was not started: wine64 is not installed"; exit 0; }
command -v swaks >/dev/null || { echo "SKIPPED: $name was not started: swaks is not installed"; exit 0; }
work=$(mktemp -d)
relay=''
export WINEPREFIX=$work/prefix WINEDEBUG=-all HOME=$work
server=$(dirname "$wine")/wineserver64
# shellcheck disable=SC2317 # functions are called by the trap and by check
tidy() { [ -z "$relay" ] || kill "$relay" 2>/dev/null; [ ! -x "$server" ] || "$server" -k 2>/dev/null; wait 2>/dev/null; rm -rf "$work"; }
trap tidy EXIT
smtp_port=$(free_port) http_port=$(free_port) nobody_port=$(free_port)
# shellcheck disable=SC2317
says_version() { [ "$(timeout 120 "$wine" "$file" --version 2>/dev/null | tr -d '\r')" = "$(sed -n 's:.*<Version>\(.*\)</Version>.*:\1:p' "$(dirname -- "$0")/../../Directory.Build.props")" ]; }
check "says its version" says_version
(exec "$wine" "$file" serve --upstream "smtp://127.0.0.1:$nobody_port" --set 'upstream[0].tls=none' --data 'C:\postern' --listen "127.0.0.1:$smtp_port" --http "127.0.0.1:$http_port") >"$work/log" 2>&1 &
relay=$!
# status TEXT: waits until the API says it.
# shellcheck disable=SC2317
status() { local i; for i in $(seq 120); do : "$i"; curl -s -m 5 "http://127.0.0.1:$http_port/api/v1/status" | grep -q "$1" && return 0; kill -0 "$relay" 2>/dev/null || return 1; sleep 0.5; done; return 1; }
check "starts and is ready" status '"ready":true'
# shellcheck disable=SC2317
takes() { timeout 60 swaks --to you@example.test --from app@example.net --server "127.0.0.1:$smtp_port" 2>&1 | grep -q '250 2.0.0 Ok: queued as'; }
check "takes a message" takes
check "keeps it on its disk" bash -c "find '$work/prefix/drive_c/postern' -type f -size +0 | grep -q ."
check "says why it does not go out" status '"cause":"upstream-down"'
check "serves the dashboard" bash -c "curl -s -m 10 http://127.0.0.1:$http_port/ | grep -q '<title>'"
[ -z "$failed" ] || tail -n 20 "$work/log"
exit 0
