#!/usr/bin/env bash
# Installs a Debian package in a Debian of its own that is started with systemd as its first process, and prints PASSED, FAILED and SKIPPED lines.
#   test/packages/debian.sh PACKAGE.deb
set -u
deb=$(readlink -f "$1")
here=$(cd "$(dirname -- "$0")" && pwd)
tools=${POSTERN_TEST_TOOLS:-${XDG_CACHE_HOME:-${HOME:-/tmp}/.cache}/postern-test}
root=$tools/debian
skip() { echo "SKIPPED: the package in a Debian of its own: $1"; exit 0; }

[ "$(id -u)" = 0 ] || skip "needs root"
for program in debootstrap systemd-nspawn unshare; do command -v "$program" >/dev/null || skip "$program is not installed"; done
if [ ! -e "$root/.complete" ]; then
  [ -z "${POSTERN_TEST_NO_INSTALL:-}" ] || skip "there is no Debian in $root, and nothing is to be installed"
  rm -rf "$root" && mkdir -p "$root"
  timeout -k 10 420 debootstrap --variant=minbase --include=systemd,systemd-sysv,dbus,libssl3,ca-certificates,libstdc++6,libgcc-s1,adduser,procps \
    bookworm "$root" >"$tools/debootstrap.log" 2>&1 || skip "debootstrap failed (see $tools/debootstrap.log)"
  touch "$root/.complete"
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/upper" "$work/work" "$work/merged" "$work/given"
cp "$deb" "$work/given/postern.deb"
install -m 755 "$here/inside.sh" "$work/given/inside.sh"
: >"$work/given/result"
mkdir -p "$work/upper/etc/systemd/system/multi-user.target.wants"
cat >"$work/upper/etc/systemd/system/inside.service" <<'UNIT'
[Unit]
After=multi-user.target
[Service]
Type=oneshot
ExecStart=/given/inside.sh
UNIT
ln -s ../inside.service "$work/upper/etc/systemd/system/multi-user.target.wants/inside.service"

# A mount namespace of its own: what is mounted goes with it. Its /run is new, since nspawn wants one that is no disk.
# shellcheck disable=SC2016 # the inner shell expands them
timeout -k 10 300 unshare -m --propagation private bash -c '
  mount -t tmpfs tmpfs /run
  mount -t tmpfs -o size=1g tmpfs "$1/work" 2>/dev/null
  mount -t overlay overlay -o "lowerdir=$2,upperdir=$1/upper,workdir=$1/work" "$1/merged" 2>/dev/null || { umount "$1/work"; mount -t overlay overlay -o "lowerdir=$2,upperdir=$1/upper,workdir=$1/work" "$1/merged"; } || exit 99
  exec systemd-nspawn -D "$1/merged" --register=no --keep-unit -b --console=pipe --private-network --bind="$1/given:/given"' \
  _ "$work" "$root" </dev/null >"$work/boot.log" 2>&1
status=$?
if ! grep -q . "$work/given/result"; then
  # No line at all: the system did not come up, which is a limit of the machine and not of the package.
  tail -n 5 "$work/boot.log"
  skip "a Debian with systemd could not be started here (code $status)"
fi
grep -v "^DONE" "$work/given/result"
if ! grep -q '^DONE' "$work/given/result"; then echo "FAILED: the checks in the Debian did not come to their end (code $status)"; fi
[ -z "${POSTERN_TEST_KEEP:-}" ] || cp "$work/given/log" "$POSTERN_TEST_KEEP"
if grep -q '^FAILED' "$work/given/result"; then
  echo "--- the last lines of what was done there:"
  tail -n 80 "$work/given/log"
fi
exit 0
