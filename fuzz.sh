#!/usr/bin/env bash
# Coverage-guided fuzzing of every parser that reads what others wrote.
#   fuzz.sh short [SECONDS]            a round of every target (1.5 s each), within one process; test.sh runs it
#   fuzz.sh long TARGET [SECONDS]      one target under afl-fuzz (an hour), or without AFL++ within one process
#   fuzz.sh guided TARGET [SECONDS]    one target within one process (a minute)
#   fuzz.sh keep TARGET                what the last long round found joins the corpus, where it reaches something new
#   fuzz.sh replay TARGET FILE...      runs inputs and says what breaks
#   fuzz.sh list                       names of the targets
# Inputs that break a promise are kept in artifacts/fuzz/failures, the corpus in fuzz/corpus.
set -u
cd "$(dirname "$0")" || exit 2
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1
configuration=${CONFIGURATION:-Release}
work=artifacts/fuzz
bin=$work/bin
usage() { sed -n '2,9s/^# \{0,1\}//p' "$0"; exit 2; }

build() {
  local project=fuzz/Postern.Fuzz built=fuzz/Postern.Fuzz/bin/$configuration/net10.0
  dotnet build "$project" -c "$configuration" -v quiet -nologo -clp:NoSummary </dev/null || { echo "FAILED: the fuzzer's build"; exit 1; }
  rm -rf "$bin" && mkdir -p "$work" && cp -r "$built" "$bin" || exit 1
  # Only the copy gets branch counters.
  dotnet "$bin/Postern.Fuzz.dll" instrument "$bin/Postern.Protocols.dll" "$bin/Postern.Diagnosis.dll" "$bin/Postern.Core.dll" >"$work/instrument.log" 2>&1 ||
    { cat "$work/instrument.log"; echo "FAILED: the instrumentation"; exit 1; }
}
fuzz() { dotnet "$bin/Postern.Fuzz.dll" "$@"; }

afl() { # TARGET SECONDS
  local seeds=fuzz/corpus/$1 found=$work/afl/$1
  mkdir -p "$found"
  # The fork server of SharpFuzz lives in the .NET process: there is no binary for AFL to check, and the machine's core pattern is no concern of ours.
  AFL_SKIP_BIN_CHECK=1 AFL_I_DONT_CARE_ABOUT_MISSING_CRASHES=1 AFL_SKIP_CPUFREQ=1 AFL_NO_AFFINITY=1 AFL_AUTORESUME=1 \
    afl-fuzz -i "$seeds" -o "$found" -V "$2" -t 10000 -m none -- dotnet "$bin/Postern.Fuzz.dll" afl "$1"
  local crashes=("$found"/default/crashes/id*)
  [ -e "${crashes[0]}" ] || return 0
  echo "FAILED fuzz $1: ${#crashes[@]} inputs in $found/default/crashes"
  fuzz replay "$1" "${crashes[@]}"
  return 1
}

case ${1:-} in
short)
  build
  fuzz short fuzz/corpus "${2:-1.5}" "$work/failures"
  ;;
long)
  [ $# -ge 2 ] || usage
  build
  if command -v afl-fuzz >/dev/null; then afl "$2" "${3:-3600}"; else fuzz guided "$2" fuzz/corpus "${3:-3600}" "$work/failures" "$work/found/$2"; fi
  ;;
guided)
  [ $# -ge 2 ] || usage
  build
  fuzz guided "$2" fuzz/corpus "${3:-60}" "$work/failures" "$work/found/$2"
  ;;
keep)
  [ $# -eq 2 ] || usage
  build
  mkdir -p "$work/merge/$2" && cp -n "fuzz/corpus/$2"/* "$work/merge/$2/"
  for file in "$work/afl/$2"/default/queue/id* "$work/found/$2"/*; do [ ! -f "$file" ] || cp -n "$file" "$work/merge/$2/"; done
  fuzz keep "$2" "$work/merge/$2" "fuzz/corpus/$2"
  ;;
replay)
  [ $# -ge 3 ] || usage
  build
  shift
  fuzz replay "$@"
  ;;
list) build && fuzz list ;;
*) usage ;;
esac
