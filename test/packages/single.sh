#!/usr/bin/env bash
# Runs a published single file as somebody who just downloaded it: another folder, another user where that can be, an empty environment; a message goes in
# and comes out at a server of another make. Prints PASSED, FAILED and SKIPPED lines.
#   test/packages/single.sh FILE [EMULATOR...]     an emulator for a file of another architecture
set -u
# shellcheck source=test/packages/common.sh
. "$(dirname -- "$0")/common.sh"
file=$(readlink -f "$1")
emulator=("${@:2}")
PATH=$PATH:/usr/sbin:/sbin
name=$(basename "$file")
work=$(mktemp -d)
chmod 755 "$work"
relay='' sink=''
# shellcheck disable=SC2317 # functions are called by the trap and by check
tidy() { [ -z "$relay" ] || kill "$relay" 2>/dev/null; [ -z "$sink" ] || kill "$sink" 2>/dev/null; wait 2>/dev/null; rm -rf "$work"; }
trap tidy EXIT
command -v smtp-sink >/dev/null || { echo "SKIPPED: $name: Postfix's smtp-sink is not installed"; exit 0; }
install -m 755 "$file" "$work/postern"
mkdir -m 777 "$work/data" "$work/home" "$work/sink"
nobody=() as=()
if [ "$(id -u)" = 0 ] && command -v setpriv >/dev/null; then nobody=(setpriv --reuid=65534 --regid=65534 --clear-groups); fi
# The libraries for an emulator may lie where only we can read them.
[ ${#emulator[@]} -gt 0 ] || as=("${nobody[@]}")
# shellcheck disable=SC2317
clean() { env -i PATH=/usr/bin:/bin HOME="$work/home" "${as[@]}" "${emulator[@]}" "$@"; }
# shellcheck disable=SC2317
refused() { ! clean "$@" >/dev/null 2>&1; }

sink_port=$(free_port) smtp_port=$(free_port) http_port=$(free_port)
chown 65534:65534 "$work/sink" 2>/dev/null
(cd "$work/sink" && exec "${nobody[@]}" smtp-sink -d m. "127.0.0.1:$sink_port" 10) >"$work/sink.log" 2>&1 &
sink=$!
check "says its version" clean "$work/postern" --version
check "finds a mistake in a configuration" refused "$work/postern" config check --set delivery.mode=x
cd /
(exec env -i PATH=/usr/bin:/bin HOME="$work/home" "${as[@]}" "${emulator[@]}" "$work/postern" serve --upstream "smtp://127.0.0.1:$sink_port" --set 'upstream[0].tls=none' --data "$work/data" --listen "127.0.0.1:$smtp_port" --http "127.0.0.1:$http_port") >"$work/log" 2>&1 &
relay=$!
# shellcheck disable=SC2317
ready() { local i; for i in $(seq 120); do : "$i"; clean "$work/postern" health --server "127.0.0.1:$http_port" >/dev/null 2>&1 && return 0; kill -0 "$relay" 2>/dev/null || return 1; sleep 0.25; done; return 1; }
check "starts and is ready" ready
check "takes a message" smtp-source -f app@example.net -t you@example.org -l 2000 "127.0.0.1:$smtp_port"
# shellcheck disable=SC2317
arrived() { local i; for i in $(seq 80); do : "$i"; ls "$work"/sink/m.* >/dev/null 2>&1 && grep -q 'X-Rcpt-Args: <you@example.org>' "$work"/sink/m.* && return 0; sleep 0.25; done; return 1; }
check "delivers it" arrived
check "serves the dashboard and the API" bash -c "exec 3<>/dev/tcp/127.0.0.1/$http_port && printf 'GET /api/v1/status HTTP/1.0\r\nHost: localhost\r\n\r\n' >&3 && grep -q '\"ready\":true' <&3"
kill -TERM "$relay"
# shellcheck disable=SC2317
ends() { wait "$relay"; }
check "stops in good order" ends
relay=''
[ -z "$failed" ] || tail -n 20 "$work/log"
exit 0
