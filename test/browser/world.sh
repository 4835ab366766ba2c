#!/usr/bin/env bash
# Runs a command in a network of its own, with documentation addresses (RFC 5737) on loopback and, behind two routers, a host whose port 25 is
# filtered on the way. Nothing can leave it. Needs root or user namespaces; exits 77 where neither is to be had.
#   test/browser/world.sh COMMAND...
set -u
if [ "${POSTERN_WORLD:-}" != in ]; then
  user=()
  [ "$(id -u)" = 0 ] || user=(--user --map-root-user)
  unshare "${user[@]}" --net --mount true 2>/dev/null || { echo "SKIPPED: no network namespace can be made here (root or user namespaces are needed)"; exit 77; }
  POSTERN_WORLD=in exec unshare "${user[@]}" --net --mount --kill-child --pid --fork --mount-proc "$0" "$@"
fi
set -e
mkdir -p /run/netns
mount -t tmpfs tmpfs /run/netns
ip link set lo up
for host in 192.0.2.10 192.0.2.11 203.0.113.{25,26,27,28,29,30,31,53}; do ip address add "$host/32" dev lo; done
# Where an address of ours is chosen by the system, it is the first.
ip route add local 203.0.113.0/27 dev lo src 192.0.2.10 2>/dev/null || true
for name in r1 r2 far; do ip netns add "$name"; ip -n "$name" link set lo up; done
join() { # NS ADDRESS NS ADDRESS
  ip link add "v$1$3" netns "$1" type veth peer name "v$3$1" netns "$3"
  ip -n "$1" address add "$2" dev "v$1$3"; ip -n "$1" link set "v$1$3" up
  ip -n "$3" address add "$4" dev "v$3$1"; ip -n "$3" link set "v$3$1" up
}
ip link add vr1 type veth peer name vus netns r1
ip address add 198.51.100.1/30 dev vr1; ip link set vr1 up
ip -n r1 address add 198.51.100.2/30 dev vus; ip -n r1 link set vus up
join r1 198.51.100.5/30 r2 198.51.100.6/30
join r2 198.51.100.9/30 far 198.51.100.10/30
ip -n far address add 203.0.113.200/32 dev lo
ip route add 203.0.113.200/32 via 198.51.100.2 src 192.0.2.10
ip -n r1 route add 203.0.113.200/32 via 198.51.100.6
ip -n r1 route add 192.0.2.0/24 via 198.51.100.1
ip -n r2 route add 203.0.113.200/32 via 198.51.100.10
ip -n r2 route add 192.0.2.0/24 via 198.51.100.5
ip -n r2 route add 198.51.100.0/30 via 198.51.100.5
ip -n far route add default via 198.51.100.9
for name in r1 r2; do ip netns exec "$name" sh -c 'echo 1 >/proc/sys/net/ipv4/ip_forward; echo 0 >/proc/sys/net/ipv4/icmp_ratelimit' 2>/dev/null; done
ip netns exec r2 nft 'add table ip f; add chain ip f forward { type filter hook forward priority 0; }; add rule ip f forward tcp dport 25 drop'
# The host lives: it answers on another port.
ip netns exec far node -e "require('net').createServer(s => s.end()).listen(443, '203.0.113.200')" &
exec "$@"
