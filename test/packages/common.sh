# shellcheck shell=bash disable=SC2034,SC2154 # "failed" is for the reader, "name" is the reader's
# What the scripts that start a package have in common; read by them.
failed=
# check WHAT COMMAND...: a line with the verdict, for the package that $name names.
check() { local what=$1; shift; if "$@"; then echo "PASSED: $name: $what"; else echo "FAILED: $name: $what"; failed=1; fi; }
free_port() { local port; for port in $(shuf -i 20000-60000 -n 50); do (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || { echo "$port"; return; }; done; }
