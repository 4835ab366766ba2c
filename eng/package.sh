#!/usr/bin/env bash
# Makes what is given away: one self-contained file for each system, and Debian packages of the same.
#   eng/package.sh [linux-x64|linux-arm64|win-x64|deb|deb-arm64|all] ...     default: linux-x64 and deb
#   QUICK=1      without compiling ahead: a build of a minute for tests; the program starts slower
#   OUT=FOLDER   default: artifacts/package/out
set -euo pipefail
cd "$(dirname -- "$0")/.."
out=${OUT:-artifacts/package/out}
mkdir -p "$out"
out=$(cd "$out" && pwd)
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1 MSBUILDDISABLENODEREUSE=1
version=$(sed -n 's:.*<Version>\(.*\)</Version>.*:\1:p' Directory.Build.props)
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
declare -A published

# publish RID: the program in artifacts/package/RID, once in a run.
publish() {
  local rid=$1 ahead=true
  [ -z "${published[$rid]:-}" ] || return 0
  [ -z "${QUICK:-}" ] || ahead=false
  echo "package: publishing for $rid" >&2
  rm -rf "artifacts/package/$rid"
  # The framework comes compiled from its package; compiling all of it once more (composite) takes minutes and makes the file half as large again.
  dotnet publish src/Postern/Postern.csproj -c Release -r "$rid" --self-contained --artifacts-path artifacts/package/build -o "artifacts/package/$rid" \
    -v quiet -nologo -nodeReuse:false -p:UseSharedCompilation=false -p:RunAnalyzers=false \
    -p:PublishSingleFile=true -p:PublishReadyToRun=$ahead -p:PublishReadyToRunComposite=false -p:DebugType=none "${@:2}" >&2
  published[$rid]=1
}

# single RID: one file that holds everything, what the runtime has of native libraries on Windows included.
single() {
  local rid=$1 name=postern suffix=
  [ "${rid%%-*}" != win ] || suffix=.exe
  publish "$rid" -p:IncludeNativeLibrariesForSelfExtract=true -p:EnableCompressionInSingleFile=true
  install -m 755 "artifacts/package/$rid/$name$suffix" "$out/$name-$version-$rid$suffix"
  unset "published[$rid]"
  echo "$out/$name-$version-$rid$suffix"
}

# manual FOLDER: man pages and completions as this build prints them. The program of this machine writes them for the others too.
manual() {
  local here=linux-x64
  [ "$(uname -m)" != aarch64 ] || here=linux-arm64
  publish "$here"
  "artifacts/package/$here/postern" config manual "$1" >&2
}

deb() {
  local arch=$1 rid=linux-x64 root=$scratch/deb-$1
  [ "$arch" != arm64 ] || rid=linux-arm64
  publish "$rid"
  install -d "$root/DEBIAN" "$root/usr/bin" "$root/usr/lib/postern" "$root/usr/share/doc/postern" "$root/usr/share/man/man1" "$root/usr/share/man/man5" \
    "$root/lib/systemd/system" "$root/usr/share/bash-completion/completions" "$root/usr/share/zsh/vendor-completions" "$root/usr/share/fish/vendor_completions.d"
  install -m 755 "artifacts/package/$rid/postern" "$root/usr/lib/postern/postern"
  ln -s ../lib/postern/postern "$root/usr/bin/postern"
  install -d -m 755 "$root/etc/postern"
  install -m 644 deploy/debian/postern.toml "$root/etc/postern/postern.toml"
  install -m 644 deploy/debian/postern.service "$root/lib/systemd/system/postern.service"
  manual "$scratch/manual"
  install -m 644 "$scratch"/manual/*.1 "$root/usr/share/man/man1/"
  install -m 644 "$scratch"/manual/*.5 "$root/usr/share/man/man5/"
  gzip -9n "$root"/usr/share/man/man?/*
  install -m 644 "$scratch/manual/postern.bash" "$root/usr/share/bash-completion/completions/postern"
  install -m 644 "$scratch/manual/postern.zsh" "$root/usr/share/zsh/vendor-completions/_postern"
  install -m 644 "$scratch/manual/postern.fish" "$root/usr/share/fish/vendor_completions.d/postern.fish"
  install -m 644 deploy/debian/copyright "$root/usr/share/doc/postern/copyright"
  install -d "$root/usr/share/lintian/overrides"
  install -m 644 deploy/debian/lintian-overrides "$root/usr/share/lintian/overrides/postern"
  install -m 644 postern.example.toml "$root/usr/share/doc/postern/postern.example.toml"
  # A native package's changelog: one entry, dated by the last commit so that the same sources give the same package.
  { printf 'postern (%s) unstable; urgency=medium\n\n  * See CHANGELOG.md.\n\n -- The Postern authors <postern@example.org>  %s\n' "$version" \
      "$(TZ=UTC date -R -d "@$(git log -1 --format=%ct 2>/dev/null || stat -c %Y CHANGELOG.md)")"; } | gzip -9n >"$root/usr/share/doc/postern/changelog.gz"
  install -m 644 CHANGELOG.md "$root/usr/share/doc/postern/NEWS.md"
  gzip -9n "$root/usr/share/doc/postern/NEWS.md"
  install -m 755 deploy/debian/postinst deploy/debian/prerm deploy/debian/postrm deploy/debian/config "$root/DEBIAN/"
  install -m 644 deploy/debian/templates "$root/DEBIAN/templates"
  echo /etc/postern/postern.toml >"$root/DEBIAN/conffiles"
  (cd "$root" && find usr lib -type f -print0 | sort -z | xargs -0 md5sum) >"$root/DEBIAN/md5sums"
  sed -e "s/@VERSION@/$version/" -e "s/@ARCH@/$arch/" -e "s/@SIZE@/$(du -sk "$root" | cut -f1)/" deploy/debian/control.in >"$root/DEBIAN/control"
  SOURCE_DATE_EPOCH=$(git log -1 --format=%ct 2>/dev/null || stat -c %Y CHANGELOG.md) dpkg-deb --root-owner-group -Zxz --build "$root" "$out/postern_${version}_$arch.deb" >&2
  echo "$out/postern_${version}_$arch.deb"
}

[ $# -gt 0 ] || set -- linux-x64 deb
for what in "$@"; do
  case $what in
    linux-x64 | linux-arm64 | win-x64) single "$what" ;;
    deb) deb amd64 ;;
    deb-arm64) deb arm64 ;;
    all) for rid in linux-x64 linux-arm64 win-x64; do single "$rid"; done; deb amd64; deb arm64 ;;
    *) echo "package.sh: $what: expected linux-x64, linux-arm64, win-x64, deb, deb-arm64 or all" >&2; exit 2 ;;
  esac
done
