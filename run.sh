#!/bin/sh
# Builds Postern when its sources have changed, then runs it with the arguments given; with none, the demonstration.
set -eu
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
out="$here/artifacts/postern"
stamp="$here/artifacts/postern.stamp"

fail() { echo "run.sh: $1" >&2; exit 2; }

if ! command -v dotnet >/dev/null 2>&1; then
    [ -x "$HOME/.dotnet/dotnet" ] || fail "the .NET SDK is missing; install .NET 10 from https://dot.net/download (Debian: apt-get install dotnet-sdk-10.0 after adding Microsoft's package source)"
    PATH="$HOME/.dotnet:$PATH"
fi
(cd "$here" && dotnet --version) >/dev/null 2>&1 || fail "the .NET SDK is older than this project wants (see global.json); 'dotnet --list-sdks' shows what is there, https://dot.net/download has version 10"

export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1
changed=yes
if [ -f "$stamp" ] && [ -x "$out/postern" ]; then
    changed=$(find "$here/src" "$here/knowledge" "$here/Directory.Build.props" "$here/Directory.Packages.props" "$here/global.json" \
        \( -name bin -o -name obj \) -prune -o -type f -newer "$stamp" -print | head -n 1)
fi
if [ -n "$changed" ]; then
    echo "run.sh: building Postern, once; this takes a minute" >&2
    mkdir -p "$here/artifacts"
    log="$here/artifacts/build.log"
    touch "$stamp.new"
    # No server processes are left behind: a run must not change what else runs on the machine. The analyzers are for those who change the sources: test.sh runs them.
    if ! dotnet publish "$here/src/Postern/Postern.csproj" -c Release --use-current-runtime --no-self-contained -o "$out" \
        -v quiet -nologo -nodeReuse:false -p:UseSharedCompilation=false -p:RunAnalyzers=false >"$log" 2>&1; then
        cat "$log" >&2
        fail "the build failed; the lines above say why (also in $log)"
    fi
    mv "$stamp.new" "$stamp"
fi

[ $# -gt 0 ] || set -- demo
# What to type for another command, for the hints of the demonstration.
export POSTERN_CALLED_AS="$0"
exec "$out/postern" "$@"
