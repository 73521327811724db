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
  check_unit "$file" piman-node-agent.service
  size=$(awk '$6 == "./usr/bin/piman-node-agent" { print $3 }' <<<"$content")
  ((size < MOST_BINARY_BYTES)) || die "the agent has $size bytes, more than $MOST_BINARY_BYTES"
  say "the agent has $size bytes, its package $(stat -c %s "$file")"
}

# check_unit FILE UNIT: what the unit starts is in the package. No systemd runs here that would say so.
check_unit() {
  local file=$1 unit=$2 program content
  content=$(dpkg-deb -c "$file")
  program=$(dpkg-deb --fsys-tarfile "$file" | tar -xO "./usr/lib/systemd/system/$unit" | sed -n 's/^ExecStart=\([^ ]*\).*/\1/p')
  grep -q " \.$program\$" <<<"$content" || die "$unit of $file starts $program, which is not in it"
}

# check_manager_package FILE ARCH: the same for the manager.
check_manager_package() {
  local file=$1 arch=$2 content
  [[ $(dpkg-deb -f "$file" Architecture) == "$arch" ]] || die "$file is not for $arch"
  say "lintian $(basename -- "$file")"
  lintian --allow-root --fail-on error --suppress-tags bogus-mail-host "$file" || die "lintian found errors"
  content=$(dpkg-deb -c "$file")
  for path in ./usr/bin/piman ./usr/lib/systemd/system/piman.service ./etc/default/piman ./etc/piman/piman.yml \
    ./usr/share/bash-completion/completions/piman ./usr/share/zsh/vendor-completions/_piman \
    ./usr/share/fish/vendor_completions.d/piman.fish ./usr/share/piman/scripts/build_image ./usr/share/doc/piman/configuration.md.gz ./usr/share/doc/piman/copyright; do
    grep -q " $path\$" <<<"$content" || die "$file lacks $path"
  done
  check_unit "$file" piman.service
  say "the manager's package has $(stat -c %s "$file") bytes"
}

# needed_packages FILE: what it depends on, without versions and with commas.
needed_packages() {
  dpkg-deb -f "$1" Depends | tr ',' '\n' | sed 's/([^)]*)//; s/|.*//; s/ //g' | sort -u | paste -sd ,
}

# expect_manager_answers LOG PORT: the manager that logs there serves its metrics.
expect_manager_answers() {
  local log=$1 port=$2
  for _ in $(seq 1 200); do
    ! grep -q 'msg=listening' "$log" || break
    sleep 0.1
  done
  grep -q 'msg=listening' "$log" || { cat "$log" >&2; die "the manager did not say that it listens"; }
  curl -sS --max-time 20 "http://127.0.0.1:$port/metrics" | grep '^piman_build_info' >/dev/null || die "no metrics from the manager"
}
