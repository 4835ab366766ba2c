#!/usr/bin/env bash
# There is no container engine on a machine of ours, so the last stage of the Dockerfile is carried out by hand in a Debian of its own: RUN, COPY, ENV, USER as they
# stand there; then the entry point runs as the image's user, the health check is asked, a message is taken, and the stop signal ends it.
#   test/packages/image.sh FOLDER-WITH-THE-PUBLISHED-PROGRAM
# shellcheck disable=SC2086 # words of the Dockerfile are split on purpose
set -u
repository=$(cd "$(dirname -- "$0")/../.." && pwd)
published=$(readlink -f "$1")
tools=${POSTERN_TEST_TOOLS:-${XDG_CACHE_HOME:-${HOME:-/tmp}/.cache}/postern-test}
dockerfile=$repository/deploy/docker/Dockerfile
skip() { echo "SKIPPED: the container image: $1"; exit 0; }
[ "$(id -u)" = 0 ] || skip "needs root"
[ -e "$tools/debian/.complete" ] || skip "there is no Debian in $tools/debian"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Instructions of the last stage, one a line, continuations joined.
sed -e ':a;/\\$/{N;s/\\\n */ /;ba}' "$dockerfile" | grep -v '^ *#' | awk '/^FROM /{n=0; delete line} {line[n++]=$0} END{for(i=0;i<n;i++) print line[i]}' >"$work/steps"
cat >"$work/build.sh" <<'INNER'
set -u
work=$1 repository=$2 published=$3 lower=$4
root=$work/merged
say() { if [ "$1" = 0 ]; then echo "PASSED: the container image: $2"; else echo "FAILED: the container image: $2"; fi; }
mkdir -p "$work/upper" "$work/work" "$root"
mount -t tmpfs -o size=1500m tmpfs "$work/work" && mkdir "$work/work/u" "$work/work/w"
mount -t overlay overlay -o "lowerdir=$lower,upperdir=$work/work/u,workdir=$work/work/w" "$root" || exit 99
mount -t proc proc "$root/proc"
mount --bind /dev "$root/dev"
cp /etc/resolv.conf "$root/etc/resolv.conf" 2>/dev/null
cp -r /etc/apt/apt.conf.d/. "$root/etc/apt/apt.conf.d/" 2>/dev/null
declare -a env=(PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin)
user=0:0 entry='' command='' health='' signal=TERM
while read -r word rest; do
  case $word in
    RUN)
      # What the base image lacks is in this Debian already where the network is not: then the packages' part is left out.
      [ -z "${POSTERN_TEST_NO_INSTALL:-}" ] || rest=$(printf '%s' "$rest" | sed 's/^apt-get update.*lists\/\* *&& *//')
      chroot "$root" env -i "${env[@]}" DEBIAN_FRONTEND=noninteractive sh -ec "$rest" >>"$work/log" 2>&1; say $? "RUN ${rest:0:60}..." ;;
    COPY)
      set -- $rest
      if [ "${1#--from=build}" != "$1" ]; then mkdir -p "$root$3" && cp "$published/postern" "$root$3" 2>>"$work/log"; say $? "COPY of the program"
      else mkdir -p "$(dirname "$root$2")" && cp "$repository/$1" "$root$2" 2>>"$work/log"; say $? "COPY $1"; fi ;;
    ENV) for pair in $rest; do env+=("$pair"); done ;;
    USER) user=$rest ;;
    STOPSIGNAL) signal=${rest#SIG} ;;
    ENTRYPOINT) entry=$(printf '%s' "$rest" | tr -d '[]",') ;;
    CMD) command=$(printf '%s' "$rest" | tr -d '[]",') ;;
    HEALTHCHECK) health=$(printf '%s' "${rest#*CMD }" | tr -d '[]",') ;;
    FROM | LABEL | WORKDIR | VOLUME | EXPOSE | '') ;;
    *) say 1 "an instruction that this test does not know: $word" ;;
  esac
done <"$work/steps"
[ "${user%%:*}" != 0 ]; say $? "it does not run as root"
ip link set lo up
as() { chroot --userspec="$user" "$root" env -i "${env[@]}" "$@"; }
as $entry $command >"$work/refused" 2>&1; [ $? = 2 ] && grep -q 'nothing says where mail should go' "$work/refused"; say $? "without an upstream it refuses to start and says what to set"
as POSTERN_SERVER__HTTP=0.0.0.0:8025 POSTERN_UPSTREAM__0__NAME=a POSTERN_UPSTREAM__0__ADDRESS=192.0.2.1:25 $entry $command >"$work/refused" 2>&1; [ $? = 2 ]; say $? "an open dashboard without a token is refused"
env+=(POSTERN_SERVER__HOSTNAME=relay.example.net POSTERN_UPSTREAM__0__NAME=provider POSTERN_UPSTREAM__0__ADDRESS=127.0.0.1:9)
chroot --userspec="$user" "$root" env -i "${env[@]}" $entry $command >"$work/run.log" 2>&1 &
pid=$!
healthy=1
for i in $(seq 100); do : "$i"; as $health >>"$work/log" 2>&1 && healthy=0 && break; kill -0 "$pid" 2>/dev/null || break; sleep 0.3; done
say $healthy "the health check of the image is good"
{ exec 3<>/dev/tcp/127.0.0.1/2525; printf 'EHLO c\r\nMAIL FROM:<a@example.net>\r\nRCPT TO:<b@example.org>\r\nDATA\r\n' >&3; while read -r -t 10 line <&3; do case $line in 354*) break ;; esac; done
  printf 'Subject: x\r\n\r\nhello\r\n.\r\n' >&3; read -r -t 10 line <&3; exec 3>&-; } 2>/dev/null
case ${line:-} in 250*) say 0 "it takes a message" ;; *) say 1 "it takes a message (${line:-no answer})" ;; esac
[ -z "$(find "$root/usr" "$root/etc" -xdev -user "${user%%:*}" 2>/dev/null | head -n 1)" ]; say $? "nothing of the image belongs to its user but the queue"
kill -s "$signal" "$pid"; wait "$pid"; say $? "the stop signal ends it in good order"
as $health >/dev/null 2>&1; [ $? != 0 ]; say $? "the health check fails when it is stopped"
cat "$work/run.log" >>"$work/log"
INNER
timeout -k 10 240 unshare -m -n --propagation private bash "$work/build.sh" "$work" "$repository" "$published" "$(readlink -f "$tools/debian")" >"$work/result" 2>"$work/errors" </dev/null
status=$?
cat "$work/result"
[ $status = 0 ] || { echo "FAILED: the container image: ended with code $status"; tail -n 5 "$work/errors"; }
! grep -q '^FAILED' "$work/result" || tail -n 25 "$work/log"
exit 0
