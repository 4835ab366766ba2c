#!/bin/bash
# Runs in a Debian with systemd as its first process: the package installed, started, reloaded, watched, upgraded, removed and purged.
# Arguments: none. Reads /given/postern.deb; writes PASSED and FAILED lines to /given/result and the details to /given/log.
exec >/given/log 2>&1 </dev/null
set -x
export DEBIAN_FRONTEND=noninteractive PATH=$PATH:/usr/sbin:/sbin
check() { # SENTENCE COMMAND...
  local what=$1; shift
  if "$@"; then echo "PASSED: $what" >>/given/result; else echo "FAILED: $what" >>/given/result; fi
}
show() { systemctl show -P "$1" postern.service; }
is() { [ "$(show "$1")" = "$2" ]; }
until_is() { local i; for i in $(seq 60); do is "$1" "$2" && return 0; sleep 0.5; done; return 1; }
pid_is_new() { local i; for i in $(seq 60); do : "$i"; [ "$(show MainPID)" != "$1" ] && [ "$(show MainPID)" != 0 ] && is ActiveState active && return 0; sleep 0.5; done; return 1; }
# One message by hand; the answer to the end of data is what counts.
send() {
  exec 3<>/dev/tcp/127.0.0.1/2525 || return 1
  local line
  printf 'EHLO client.example.net\r\nMAIL FROM:<app@example.net>\r\nRCPT TO:<you@example.org>\r\nDATA\r\n' >&3
  while read -r -t 10 line <&3; do case $line in 354*) break ;; 4* | 5*) return 1 ;; esac; done
  printf 'Subject: kept\r\n\r\nhello\r\n.\r\nQUIT\r\n' >&3
  read -r -t 10 line <&3
  exec 3>&-
  case $line in 250*) return 0 ;; *) return 1 ;; esac
}
waits() { [ "$(postern queue list --json | grep -o '"id"' | wc -l)" -ge "$1" ]; }

check "dpkg installs the package" dpkg -i /given/postern.deb
check "the service is enabled and started by the installation" until_is ActiveState active
check "systemd knows the unit as Type=notify and heard READY" is Type notify
check "the unit has no mistakes" systemd-analyze verify --man=no /lib/systemd/system/postern.service
check "the exposure that systemd sees is below 2.0" systemd-analyze security --threshold=20 --no-pager postern.service
check "it runs as its own user with one capability and a filter on system calls" bash -c "
  grep -q \"^Uid:.\$(id -u postern)\" /proc/$(show MainPID)/status && grep -q '^CapBnd:.0000000000000400' /proc/$(show MainPID)/status && grep -q '^Seccomp:.2' /proc/$(show MainPID)/status"
check "postern health says that it is ready" postern health
check "the status line says where it takes mail" bash -c "systemctl show -P StatusText postern.service | grep -q 'takes mail on 127.0.0.1:2525'"
check "a message is taken" send
check "the message waits in the queue" waits 1
printf '\n[limits]\nmax_recipients = 77\n' >>/etc/postern/postern.toml
check "a reload succeeds" systemctl reload postern
check "the service is running after the reload" until_is SubState running
check "the reloaded configuration is in force" bash -c "for i in \$(seq 20); do journalctl -u postern | grep -q 'configuration applied' && exit 0; sleep 0.5; done; exit 1"
printf '[broken\n' >>/etc/postern/postern.toml
systemctl reload postern
check "a broken configuration is refused and the relay runs on" bash -c "for i in \$(seq 20); do journalctl -u postern | grep -q 'configuration refused' && systemctl is-active -q postern && exit 0; sleep 0.5; done; exit 1"
sed -i '$d' /etc/postern/postern.toml

mkdir -p /run/systemd/system/postern.service.d
printf '[Service]\nWatchdogSec=6\nTimeoutAbortSec=2\n' >/run/systemd/system/postern.service.d/test.conf
systemctl daemon-reload
systemctl restart postern
before=$(show MainPID)
fed=$(show WatchdogTimestampMonotonic)
sleep 8
check "the watchdog is fed by a relay that works" bash -c "[ $(show WatchdogTimestampMonotonic) -gt $fed ] && [ $(show MainPID) = $before ]"
kill -STOP "$before"
check "a relay that hangs is started anew by the watchdog" pid_is_new "$before"
check "its message is still there" waits 1
rm -r /run/systemd/system/postern.service.d
systemctl daemon-reload

mkdir -p /run/systemd/system/postern.service.d
printf '[Service]\nMemoryDenyWriteExecute=yes\n' >/run/systemd/system/postern.service.d/test.conf
systemctl daemon-reload
# For the record only: whether the runtime could bear it, see the unit.
if timeout 30 systemctl restart postern; then echo "NOTE: the relay starts with MemoryDenyWriteExecute=yes" >>/given/result; else echo "NOTE: the relay does not start with MemoryDenyWriteExecute=yes" >>/given/result; fi
rm -r /run/systemd/system/postern.service.d
systemctl daemon-reload
systemctl reset-failed postern
systemctl restart postern
check "it runs again without that" until_is ActiveState active

before=$(show MainPID)
check "an upgrade goes through" dpkg -i /given/postern.deb
check "the upgrade starts the new relay" pid_is_new "$before"
check "the changed configuration survives the upgrade" grep -q 'max_recipients = 77' /etc/postern/postern.toml
check "the message survives the upgrade" waits 1
check "man finds the pages" bash -c "[ -e /usr/share/man/man1/postern.1.gz ] && [ -e /usr/share/man/man5/postern.toml.5.gz ]"

systemctl stop postern
check "a stop ends in good order" is Result success
systemctl start postern
check "removal goes through" dpkg -r postern
check "removal stops the relay" bash -c "! pgrep -u postern || [ -z \"\$(ps -u postern -o pid= 2>/dev/null)\" ]"
check "removal leaves mail and configuration" bash -c "ls /var/lib/postern/journal/*.seg && [ -e /etc/postern/postern.toml ]"
check "a purge says that it leaves the mail" bash -c "dpkg -P postern 2>&1 | grep -q 'may hold undelivered mail'"
check "a purge leaves the mail and takes the configuration" bash -c "ls /var/lib/postern/journal/*.seg && [ ! -e /etc/postern ]"
check "it can be installed over what was left" bash -c "dpkg -i /given/postern.deb"
check "the relay runs on the old queue" until_is ActiveState active
check "the message outlived the purge" waits 1
echo 'postern postern/purge-mail boolean true' | debconf-set-selections
check "a purge that was told so deletes the mail" bash -c "dpkg -P postern; [ ! -e /var/lib/postern ]"
echo DONE >>/given/result
systemctl poweroff --no-wall
