#!/usr/bin/env bash
# Installs the programs that the tests talk to, where they are missing: Debian packages and one npm package.
# Without root or apt it says what is missing; the tests that need it are then skipped and say so.
#   POSTERN_TEST_TOOLS  folder for what cannot be installed side by side (default: ${XDG_CACHE_HOME:-~/.cache}/postern-test)
set -u
tools=${POSTERN_TEST_TOOLS:-${XDG_CACHE_HOME:-${HOME:-/tmp}/.cache}/postern-test}
mkdir -p "$tools" && chmod a+rx "$tools" || exit 1
log=$tools/install.log
export DEBIAN_FRONTEND=noninteractive

# command[:package], in the order of their use
wanted=(postfix smtp-source:postfix swaks curl msmtp nsd unbound openssl node:nodejs strace afl-fuzz:afl++ shellcheck
  ps:procps setpriv:util-linux unshare:util-linux nsenter:util-linux
  ip:iproute2 nft:nftables chromium rbldnsd dig:bind9-dnsutils ldns-signzone:ldnsutils
  debootstrap systemd-nspawn:systemd-container qemu-aarch64-static:qemu-user-static lintian mandoc zsh fish go:golang-go)
# Exim and OpenSMTPD cannot be installed beside Postfix, and of Prometheus only promtool is wanted: their files are unpacked, only their libraries are installed.
unpacked=(exim4-daemon-light opensmtpd prometheus)
libraries=(libdb5.3 libevent-2.1-7 libgnutls-dane0 libidn12 libnsl2 libpcre2-8-0 libssl3)

has() { PATH=$PATH:/usr/sbin:/sbin command -v "$1" >/dev/null 2>&1; }
installed() { [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]; }
apt() { apt-get -q -o DPkg::Lock::Timeout=300 -o Acquire::Retries=3 "$@" >>"$log" 2>&1 </dev/null; }

packages=()
for entry in "${wanted[@]}"; do has "${entry%%:*}" || packages+=("${entry##*:}"); done
root_for() { printf '%s/%s' "$tools" "$1"; }
# What renders the Helm chart in a test is made with these.
[ -d /usr/share/gocode/src/github.com/Masterminds/sprig ] || packages+=(golang-github-masterminds-sprig-dev golang-github-ghodss-yaml-dev)
# swaks speaks TLS only with this module.
perl -MNet::SSLeay -e 1 2>/dev/null || packages+=(libnet-ssleay-perl)
# Not on the path: without the package "wine", which brings the 32-bit half too.
[ -x /usr/lib/wine/wine64 ] || has wine64 || [ "$(uname -m)" != x86_64 ] || packages+=(wine64)
missing_roots=()
for package in "${unpacked[@]}"; do [ -e "$(root_for "$package")/.complete" ] || missing_roots+=("$package"); done
[ ${#missing_roots[@]} -eq 0 ] || for library in "${libraries[@]}"; do installed "$library" || packages+=("$library"); done
[ -d "$tools/npm/node_modules/nodemailer" ] && [ -d "$tools/npm/node_modules/playwright-core" ] && [ -d "$tools/npm/node_modules/axe-core" ] || has npm || packages+=(npm)

can_install() { [ "$(id -u)" = 0 ] && has apt-get; }
if [ $((${#packages[@]} + ${#missing_roots[@]})) -gt 0 ] && ! can_install; then
  echo "test tools: missing and not installed (that needs root and apt): ${packages[*]-} ${missing_roots[*]-}"
fi

# A policy-rc.d that answers 101 keeps the packages from starting their daemons; one that is there already is left alone.
policy=/usr/sbin/policy-rc.d
made_policy=
quiet_daemons() {
  [ -e "$policy" ] && return
  printf '#!/bin/sh\nexit 101\n' >"$policy" && chmod 755 "$policy" && made_policy=1
}
trap '[ -z "$made_policy" ] || rm -f "$policy"' EXIT

unpack() { # package
  local into deb
  into=$(root_for "$1")
  rm -rf "$into" && mkdir -p "$into" "$tools/debs" && chmod 1777 "$tools/debs" || return 1
  (cd "$tools/debs" && rm -f "$1"_*.deb && apt download "$1") || return 1
  for deb in "$tools/debs/$1"_*.deb; do dpkg -x "$deb" "$into" || return 1; done
  touch "$into/.complete"
}

if can_install; then
  if [ ${#packages[@]} -gt 0 ]; then
    echo "test tools: installing ${packages[*]}"
    quiet_daemons
    apt update
    # All at once is quickest; one by one when some package is not to be had, so that the others still come.
    apt install -y --no-install-recommends "${packages[@]}" ||
      for package in "${packages[@]}"; do apt install -y --no-install-recommends "$package" || echo "test tools: $package could not be installed (see $log)"; done
  fi
  if [ ${#missing_roots[@]} -gt 0 ]; then
    [ ${#packages[@]} -gt 0 ] || apt update
    for package in "${missing_roots[@]}"; do
      echo "test tools: unpacking $package"
      unpack "$package" || echo "test tools: $package could not be unpacked (see $log)"
    done
  fi
  for user in Debian-exim opensmtpd opensmtpq; do
    getent passwd "$user" >/dev/null || useradd -r -M -U -d /nonexistent -s /usr/sbin/nologin "$user" >>"$log" 2>&1
  done
fi

# The libraries that the program for 64-bit ARM is linked with, to start it in an emulator: from a list of packages of their own, so that the system's knows of no other architecture.
arm=$tools/arm64
if [ "$(uname -m)" != aarch64 ] && can_install && [ ! -e "$arm/.complete" ]; then
  echo "test tools: fetching libraries for 64-bit ARM"
  rm -rf "$arm" && mkdir -p "$arm"/apt/{state/lists,cache/archives}/partial "$arm/debs"
  foreign() { apt -o APT::Architecture=arm64 -o APT::Architectures=arm64 -o Dir::State="$arm/apt/state" -o Dir::State::status=/dev/null -o Dir::Cache="$arm/apt/cache" -o APT::Sandbox::User=root "$@"; }
  unpack_foreign() { local deb; for deb in "$arm"/debs/*.deb; do dpkg -x "$deb" "$arm" || return 1; done; }
  if foreign update && (cd "$arm/debs" && foreign download libc6 libgcc-s1 libstdc++6 libssl3 zlib1g) && unpack_foreign; then
    rm -rf "$arm/apt" "$arm/debs"; touch "$arm/.complete"
  else echo "test tools: they could not be fetched (see $log)"; fi
fi

# name@version: a mail client, and what drives the browser and examines its pages.
for entry in nodemailer@7 playwright-core@1 axe-core@4; do
  name=${entry%@*}
  if [ -d "$tools/npm/node_modules/$name" ] || ! has npm; then continue; fi
  echo "test tools: fetching $name"
  mkdir -p "$tools/npm" && [ -e "$tools/npm/package.json" ] || printf '{ "private": true }\n' >"$tools/npm/package.json"
  (cd "$tools/npm" && npm install --no-audit --no-fund --ignore-scripts "$entry" >>"$log" 2>&1 </dev/null) ||
    echo "test tools: $name could not be fetched (see $log)"
done
exit 0
