#!/usr/bin/env bash
# Makes the packages and tries them out: the single file, the Debian package in a Debian of its own, the container image, the Helm chart, the site of the documents.
# Prints PASSED, FAILED and SKIPPED lines.
#   test/packages/run.sh [single others debian image helm site]
set -u
cd "$(dirname -- "$0")/../.." || exit 2
parts=("$@")
[ ${#parts[@]} -gt 0 ] || parts=(single others debian image helm site)
export POSTERN_TEST_TOOLS=${POSTERN_TEST_TOOLS:-${XDG_CACHE_HOME:-${HOME:-/tmp}/.cache}/postern-test} PATH=$PATH:/usr/sbin:/sbin
mkdir -p "$POSTERN_TEST_TOOLS"
wants() { local part; for part in "${parts[@]}"; do [ "$part" = "$1" ] && return 0; done; return 1; }
may_install() { [ -z "${POSTERN_TEST_NO_INSTALL:-}" ]; }
log=$(mktemp)
trap 'rm -f "$log"' EXIT

# npm_packages FOLDER PACKAGE...: fetched once.
npm_packages() {
  local folder=$1; shift
  [ "$(cat "$folder/.wanted" 2>/dev/null)" = "$*" ] && return 0
  command -v npm >/dev/null && may_install || return 1
  mkdir -p "$folder" && printf '{ "private": true }\n' >"$folder/package.json" &&
    (cd "$folder" && npm install --no-audit --no-fund --ignore-scripts --silent "$@" >>"$POSTERN_TEST_TOOLS/install.log" 2>&1) && echo "$*" >"$folder/.wanted"
}

version=$(sed -n 's:.*<Version>\(.*\)</Version>.*:\1:p' Directory.Build.props)
out=artifacts/package/out
if wants single || wants debian || wants image; then
  # Not compiled ahead: that is for speed, and would take this test minutes more.
  if QUICK=1 timeout -k 10 900 eng/package.sh linux-x64 deb >"$log" 2>&1; then echo "PASSED: the single file and the Debian package are made"
  else echo "FAILED: eng/package.sh"; tail -n 20 "$log"; exit 0; fi
fi
if wants single; then test/packages/single.sh "$out/postern-$version-linux-x64"; fi
if wants others; then
  if QUICK=1 timeout -k 10 900 eng/package.sh linux-arm64 win-x64 >"$log" 2>&1; then echo "PASSED: the single files for 64-bit ARM and for Windows are made"
  else echo "FAILED: eng/package.sh linux-arm64 win-x64"; tail -n 20 "$log"; fi
  if [ "$(uname -m)" = aarch64 ]; then test/packages/single.sh "$out/postern-$version-linux-arm64"
  elif command -v qemu-aarch64-static >/dev/null && [ -e "$POSTERN_TEST_TOOLS/arm64/.complete" ]; then
    # Pages that are mapped twice, to be written and to be run, are more than this emulator keeps apart.
    test/packages/single.sh "$out/postern-$version-linux-arm64" env DOTNET_EnableWriteXorExecute=0 qemu-aarch64-static -L "$POSTERN_TEST_TOOLS/arm64"
  else echo "SKIPPED: the file for 64-bit ARM was not started: qemu-user-static or its libraries are not installed"; fi
  test/packages/windows.sh "$out/postern-$version-win-x64.exe"
fi
if wants debian; then
  if command -v lintian >/dev/null; then
    if lintian --allow-root --fail-on error,warning "$out/postern_${version}_amd64.deb" >"$log" 2>&1; then echo "PASSED: lintian finds nothing in the package"; else echo "FAILED: lintian"; cat "$log"; fi
  else echo "SKIPPED: lintian is not installed"; fi
  test/packages/debian.sh "$out/postern_${version}_amd64.deb"
fi
if wants image; then
  test/packages/image.sh artifacts/package/linux-x64
  if npm_packages "$POSTERN_TEST_TOOLS/npm-docker" dockerfile-utils@0.16.3 && TOOLS=$POSTERN_TEST_TOOLS/npm-docker node test/packages/dockerfile.mjs deploy/docker/Dockerfile >"$log" 2>&1; then echo "PASSED: the Dockerfile has no faults that a linter finds"
  elif [ -s "$log" ]; then echo "FAILED: the Dockerfile"; cat "$log"
  else echo "SKIPPED: the linter for Dockerfiles could not be fetched"; fi
fi
if wants helm; then
  chart=$POSTERN_TEST_TOOLS/chart
  if command -v go >/dev/null && GO111MODULE=off GOPATH=/usr/share/gocode GOCACHE=$POSTERN_TEST_TOOLS/gocache go build -o "$chart" test/packages/helm/main.go >"$log" 2>&1; then
    if npm_packages "$POSTERN_TEST_TOOLS/npm-helm" kubernetes-models@5.1.0 @kubernetes-models/prometheus-operator@6.0.0 ajv@8.20.0 js-yaml@4.1.0; then
      program=artifacts/package/linux-x64/postern
      [ -x "$program" ] || program=test/Postern.Tests/bin/${CONFIGURATION:-Release}/net10.0/postern
      TOOLS=$POSTERN_TEST_TOOLS/npm-helm node test/packages/helm/check.mjs "$chart" deploy/helm/postern "$program"
    else echo "SKIPPED: the Helm chart: the schemas could not be fetched"; fi
  else echo "SKIPPED: the Helm chart: Go with Sprig is not installed (golang-go golang-github-masterminds-sprig-dev golang-github-ghodss-yaml-dev)"; fi
fi
if wants site; then
  POSTERN_SITE_TOOLS=$POSTERN_TEST_TOOLS/npm-site docs/site.sh artifacts/site >"$log" 2>&1
  case $? in
    0) echo "PASSED: the site is made, every link and anchor leads somewhere, nothing is loaded from elsewhere" ;;
    2) echo "SKIPPED: the site: $(tail -n 1 "$log")" ;;
    *) echo "FAILED: the site"; cat "$log" ;;
  esac
fi
exit 0
