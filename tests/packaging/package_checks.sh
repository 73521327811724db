# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# What the package tests share. Sourced after scripts/lib/common.sh.

# Stripped, the agent must stay small enough for a Pi's card and memory.
MOST_BINARY_BYTES=1500000

# expect_agent_answers LOG: the agent that logs there is listening, and its page has samples.
expect_agent_answers() {
  local log=$1 port page
  for _ in $(seq 1 200); do
    port=$(sed -n 's/.*msg=listening port=\([0-9]*\).*/\1/p' "$log")
    [[ -z $port ]] || break
    sleep 0.1
  done
  [[ -n $port ]] || { cat "$log" >&2; die "the agent did not say that it listens"; }
  page=$(curl -sS --max-time 20 "http://127.0.0.1:$port/metrics")
  grep -q '^node_memory_MemTotal_bytes [0-9]' <<<"$page" || die "no memory on the agent's page"
  curl -sS --max-time 20 "http://127.0.0.1:$port/events" | grep -q '"num_pids":' || die "no events from the agent"
  say "answers on port $port with $(grep -vc '^#' <<<"$page") samples"
}

# check_package FILE ARCH: lintian finds no error, and what must be in it is in it.
check_package() {
  local file=$1 arch=$2 content size
  [[ $(dpkg-deb -f "$file" Architecture) == "$arch" ]] || die "$file is not for $arch"
  say "lintian $(basename -- "$file")"
  lintian --allow-root --fail-on error --suppress-tags bogus-mail-host "$file" || die "lintian found errors"
  content=$(dpkg-deb -c "$file")
  for path in ./usr/bin/piman-node-agent ./usr/lib/systemd/system/piman-node-agent.service ./etc/default/piman-node-agent \
    ./usr/share/man/man1/piman-node-agent.1.gz ./usr/share/doc/piman-node-agent/copyright; do
    grep -q " $path\$" <<<"$content" || die "$file lacks $path"
  done
  size=$(awk '$6 == "./usr/bin/piman-node-agent" { print $3 }' <<<"$content")
  ((size < MOST_BINARY_BYTES)) || die "the agent has $size bytes, more than $MOST_BINARY_BYTES"
  say "the agent has $size bytes, its package $(stat -c %s "$file")"
}
