#!/usr/bin/env bash
# Measures Postern beside other mail relays, and its parts alone.
#   bench/run.sh peers WORKLOADS PEER...   a load harness for mail relays; POSTERN_PEER_BENCH names its folder (a run.sh that knows a peer
#                                          called "postern" by the variables POSTERN_START, _PORT, _SINK_PORT, _STOP, _FLUSH, _SPOOL, _VERSION)
#   bench/run.sh micro [FILTER]            the micro-benchmarks (BenchmarkDotNet; about a minute), "*Session*" for some of them
#   bench/run.sh store                     durable accepts, leasing and settling on the real store (about two minutes, some GB of disk)
#   bench/run.sh waiting N [BYTES]         N waiting messages (of 1024 bytes): memory, disk, restart, kill, drain; the store alone, then the whole relay
#   bench/run.sh search N                  looks at N waiting messages: pages and counts by every kind of filter, beside accepting, and actions on all
#   bench/run.sh page N                    the dashboard in Chromium: its answers with N waiting messages, and what an open page takes from the relay (PAIRS, MAIL; ten minutes)
#   bench/run.sh loop [CASE...] [--minutes N] [--relays A,B] [--only CELL]   limits outage around listed flood: beside Postfix and Exim, in namespaces (root; all of it two hours)
#   bench/run.sh blackhole [N]             N messages (20000) to a hundred good upstreams, with and without one that never answers
# Environment: BENCH_OUT (results folder, default artifacts/bench/results), PB_PORT (first of five loopback ports, default 18125),
# BENCH_SCRATCH (folder on the disk to be measured, default artifacts/bench/scratch), LOOP_TURN (a command, "flock FILE cat":
# the machine to ourselves while a phase of "loop outage" loads it), and what the harness itself reads (RUNS, SCALE, ...).
set -u
here=$(cd "$(dirname "$0")/.." && pwd) || exit 2
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1
out=${BENCH_OUT:-$here/artifacts/bench/results}
build=$here/artifacts/bench/postern
own=$here/artifacts/bench/benchmarks
usage() { sed -n '2,14s/^# \{0,1\}//p' "$0"; exit 2; }
[ $# -ge 1 ] || usage
what=$1; shift
mkdir -p "$out" || exit 2

publish() { dotnet publish "$here/$1" -c Release --use-current-runtime --no-self-contained -o "$2" -v quiet -nologo || exit 1; }
# Not /tmp: that is memory on many systems, where a sync costs nothing.
disk=${BENCH_SCRATCH:-$here/artifacts/bench/scratch}

case $what in
micro)
  publish bench/Postern.Benchmarks "$own"
  exec "$own/Postern.Benchmarks" micro "${1:-*}" "$out/micro"
  ;;
store)
  publish bench/Postern.Benchmarks "$own"
  "$own/Postern.Benchmarks" store "$disk" | tee "$out/store.md"
  exit "${PIPESTATUS[0]}"
  ;;
waiting)
  [ $# -ge 1 ] || usage
  publish bench/Postern.Benchmarks "$own"
  publish src/Postern "$build"
  { "$own/Postern.Benchmarks" waiting "$disk" "$1" "${2:-1024}" && "$own/Postern.Benchmarks" relay "$build/postern" "$disk" "$1" "${2:-1024}"; } | tee "$out/waiting.txt"
  exit "${PIPESTATUS[0]}"
  ;;
search)
  [ $# -ge 1 ] || usage
  publish bench/Postern.Benchmarks "$own"
  mkdir -p "$disk" || exit 2
  "$own/Postern.Benchmarks" search "$disk" "$1" | tee "$out/search.md"
  exit "${PIPESTATUS[0]}"
  ;;
page)
  [ $# -ge 1 ] || usage
  publish bench/Postern.Benchmarks "$own"
  publish src/Postern "$build"
  mkdir -p "$disk" || exit 2
  node "$here/bench/page/page.mjs" "$build/postern" "$own/Postern.Benchmarks" "$disk" "$1" | tee "$out/page.md"
  exit "${PIPESTATUS[0]}"
  ;;
blackhole)
  publish bench/Postern.Benchmarks "$own"
  publish src/Postern "$build"
  "$own/Postern.Benchmarks" blackhole "$build/postern" "$disk" "${1:-20000}" | tee "$out/blackhole.txt"
  exit "${PIPESTATUS[0]}"
  ;;
loop)
  publish bench/Postern.Benchmarks "$own"
  publish src/Postern "$build"
  mkdir -p "$disk" || exit 2
  # The relays' queues are on the disk that is measured.
  TMPDIR=$disk exec "$own/Postern.Benchmarks" loop "$build/postern" "$out/loop" "$@"
  ;;
peers) [ $# -ge 2 ] || usage ;;
*) usage ;;
esac

: "${POSTERN_PEER_BENCH:?names the folder of the load harness}"
[ -x "$POSTERN_PEER_BENCH/run.sh" ] || { echo "bench: no run.sh in $POSTERN_PEER_BENCH" >&2; exit 2; }
publish src/Postern "$build"

port=${PB_PORT:-18125}
scratch=${BENCH_SCRATCH:-/tmp/postern-bench}
mkdir -p "$scratch/data" || exit 2
# As durable as the others: 250 only after the sync, every message. As they log: a line per message accepted and per attempt, to a file.
cat >"$scratch/postern.toml" <<TOML
[server]
hostname = "peer.test"
data = "$scratch/data"
http = "127.0.0.1:$((port + 3))"
[[listener]]
address = "127.0.0.1:$port"
[[upstream]]
name = "sink"
address = "127.0.0.1:$((port + 1))"
tls = "none"
[[route]]
upstreams = ["sink"]
[queue]
min_free = "64MiB"
TOML

export PB_PORT=$port PB_OUT=$out
export POSTERN_PORT=$port POSTERN_SINK_PORT=$((port + 1)) POSTERN_SPOOL=$scratch/data
export POSTERN_START="exec '$build/postern' serve --config '$scratch/postern.toml'"
export POSTERN_FLUSH="exec '$build/postern' queue retry --all --server 127.0.0.1:$((port + 3))"
POSTERN_VERSION="$("$build/postern" --version 2>/dev/null | head -n 1) $(git -C "$here" rev-parse --short HEAD 2>/dev/null)"
export POSTERN_VERSION
unset POSTERN_STOP
# Results go where they may be written, not beside the harness.
exec "$POSTERN_PEER_BENCH/run.sh" "$@"
