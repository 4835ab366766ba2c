#!/bin/sh
# A client, three routers in a row and a mail host, each a network namespace; beside the first router a host that is always good. $1 is the prefix of their names.
#   c .10/.11 ── 1 ── 2 ── 3 ── m 198.51.100.25          alt 203.0.113.66 behind 1
set -e
p=$1
set_in() { printf %s "$3" | ip netns exec "$p$1" tee "/proc/sys/net/$2" >/dev/null; }
for n in c 1 2 3 m a; do
  ip netns add "$p$n"
  # Addresses of IPv6 must be usable at once; routers must answer every packet that dies, or walks would have holes by chance.
  set_in "$n" ipv6/conf/default/accept_dad 0
  set_in "$n" ipv6/conf/all/accept_dad 0
  set_in "$n" ipv4/icmp_ratelimit 0
  set_in "$n" ipv6/icmp/ratelimit 0
  ip -n "$p$n" link set lo up
done
for n in 1 2 3; do
  set_in "$n" ipv4/ip_forward 1
  set_in "$n" ipv6/conf/all/forwarding 1
done
i=10
link() { # from, its v4, its v6, to, its v4, its v6
  i=$((i + 2))
  ip -n "$p$1" link add "e$4" index "$i" type veth peer name "e$1" index "$((i + 1))" netns "$p$4"
  ip -n "$p$1" addr add "$2" dev "e$4"; ip -n "$p$1" addr add "$3" dev "e$4" nodad; ip -n "$p$1" link set "e$4" up
  ip -n "$p$4" addr add "$5" dev "e$1"; ip -n "$p$4" addr add "$6" dev "e$1" nodad; ip -n "$p$4" link set "e$1" up
}
link c 192.0.2.10/24 2001:db8:1::10/64 1 192.0.2.1/24 2001:db8:1::1/64
link 1 203.0.113.1/30 2001:db8:12::1/64 2 203.0.113.2/30 2001:db8:12::2/64
link 2 203.0.113.5/30 2001:db8:23::1/64 3 203.0.113.6/30 2001:db8:23::2/64
link 3 198.51.100.1/24 2001:db8:4::1/64 m 198.51.100.25/24 2001:db8:4::25/64
link 1 203.0.113.65/30 2001:db8:5::1/64 a 203.0.113.66/30 2001:db8:5::66/64
ip -n "${p}c" addr add 192.0.2.11/24 dev e1
ip -n "${p}c" addr add 2001:db8:1::11/64 dev e1 nodad preferred_lft 0
way() { ip -n "$p$1" route add "$2" via "$3"; }
way c default 192.0.2.1; way c default 2001:db8:1::1
way m default 198.51.100.1; way m default 2001:db8:4::1
way a default 203.0.113.65; way a default 2001:db8:5::1
way 1 default 203.0.113.2; way 1 default 2001:db8:12::2
way 2 192.0.2.0/24 203.0.113.1; way 2 2001:db8:1::/64 2001:db8:12::1
way 2 198.51.100.0/24 203.0.113.6; way 2 2001:db8:4::/64 2001:db8:23::2
way 3 default 203.0.113.5; way 3 default 2001:db8:23::1
