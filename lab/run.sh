#!/usr/bin/env bash
# The fault lab: breaks one thing at a time in a net of namespaces with real daemons and compares Postern's diagnosis with what is broken.
#   lab/run.sh [PATTERN]           diagnose; PATTERN is part of an id, a file's name or a cause ("mx-*,firewall"); all write lab/RESULTS.md
#   lab/run.sh --test [PATTERN]    the same as ./test.sh runs it: lab/RESULTS.md is left alone, and what went wrong may still be right when it is run again by itself
#   lab/run.sh --truth [PATTERN]   prove, without Postern, that every fault is there
#   lab/run.sh --list [PATTERN]    name the scenarios
#   lab/run.sh --calibrate         fit knowledge/calibration.toml on the last run of all and say what that is worth; writes nothing
# The last line is for programs: "lab: passed=N amiss=N second-run=N goal=reached". Ends with 1 when the goal is missed (97 % right, calibrated, nobody healthy blamed). Without root or tools it says SKIPPED and why.
set -u
root=$(cd -- "$(dirname -- "$0")/.." && pwd) || exit 2
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1 MSBUILDDISABLENODEREUSE=1 UseSharedCompilation=false PATH="$PATH:/usr/sbin:/sbin:$HOME/.dotnet"
command -v dotnet >/dev/null || { echo "SKIPPED: the fault lab: the .NET SDK is not installed"; exit 0; }
build() { # project
  dotnet build "$1" -c Release -v quiet -nologo -clp:NoSummary </dev/null || exit 2
}
build "$root/lab/Postern.Lab.Runner/Postern.Lab.Runner.csproj"
runner=$root/lab/Postern.Lab.Runner/bin/Release/net10.0/Postern.Lab.Runner
case " $* " in
  *" --truth "* | *" --list "* | *" --calibrate "*) exec "$runner" --root "$root" "$@" ;;
esac
# The product as it is shipped, compiled ahead: start-up is part of the time that a verdict takes.
"$root/run.sh" --version >/dev/null || exit 2
# Users without rights must be able to run it, wherever the sources are.
program=$(mktemp -d) || exit 2
trap 'rm -rf "$program"' EXIT
cp -r "$root/artifacts/postern/." "$program" && chmod -R a+rX "$program" || exit 2
"$runner" --root "$root" --postern "$program/postern" "$@"
