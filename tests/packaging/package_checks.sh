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
    ./usr/share/fish/vendor_completions.d/piman.fish ./usr/share/piman/scripts/build_image \
    ./usr/share/piman/netboot/initramfs/build ./usr/share/doc/piman/configuration.md.gz ./usr/share/doc/piman/alerts.md.gz \
    ./usr/share/doc/piman/copyright; do
    grep -q " $path\$" <<<"$content" || die "$file lacks $path"
  done
  check_runbooks "$file"
  check_unit "$file" piman.service
  say "the manager's package has $(stat -c %s "$file") bytes"
}

# check_runbooks FILE: one of each alert, as it is written, for everybody to read.
check_runbooks() {
  local file=$1 folder=./usr/share/doc/piman/runbooks unpacked
  unpacked=$(mktemp -d)
  dpkg-deb --fsys-tarfile "$file" | tar -x -C "$unpacked" "$folder"
  diff -r "$REPO/docs/runbooks" "$unpacked/$folder" || die "the runbooks of $file are not those of docs/runbooks"
  rm -r "$unpacked"
  ! dpkg-deb -c "$file" | grep "$folder/." | grep -v '^-rw-r--r-- root/root ' || die "not everybody can read the runbooks of $file"
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

# in_machine MACHINE COMMAND...: in a bare Debian, of which this machine's variables are kept away.
in_machine() {
  local machine=$1
  shift
  chroot "$machine" /usr/bin/env -i HOME=/root LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive \
    PATH=/usr/sbin:/usr/bin:/sbin:/bin "$@"
}

# left_of_packages MACHINE: what of piman is still there.
left_of_packages() {
  find "$1/etc" "$1/usr" "$1/var/lib/systemd" "$1/var/lib/piman" -name '*piman*' 2>/dev/null || true
}

# expect_agent_runs MACHINE PROGRAM: it starts in there, answers, and ends when it is told to.
expect_agent_runs() {
  local machine=$1 program=$2 agent
  in_machine "$machine" "$program" --version
  # Not by the function: its pid would be a shell's, not the agent's.
  chroot "$machine" "$program" --web.listen-address=127.0.0.1:0 2>"$machine/agent.log" &
  agent=$!
  expect_agent_answers "$machine/agent.log"
  kill "$agent"
  wait "$agent" || die "the agent did not end cleanly"
}

# check_agent_installs MACHINE FILE: installed, started, upgraded, removed and purged in there.
check_agent_installs() {
  local machine=$1 link=$1/etc/systemd/system/multi-user.target.wants/piman-node-agent.service left
  cp "$2" "$machine/agent.deb"
  say "install"
  in_machine "$machine" dpkg -i /agent.deb
  [[ -L $link ]] || die "installed, but its unit is not enabled"
  expect_agent_runs "$machine" /usr/bin/piman-node-agent

  say "upgrade keeps the administrator's flags and a disabled unit disabled"
  echo 'ARGS="--no-collector.vmstat"' >"$machine/etc/default/piman-node-agent"
  rm "$link" # as systemctl disable does
  in_machine "$machine" dpkg -i /agent.deb </dev/null
  [[ ! -L $link ]] || die "the upgrade enabled the unit again"
  grep -q no-collector.vmstat "$machine/etc/default/piman-node-agent" || die "the upgrade lost the flags"

  say "remove and purge"
  in_machine "$machine" dpkg -r piman-node-agent
  [[ ! -e $machine/usr/bin/piman-node-agent && -e $machine/etc/default/piman-node-agent ]] ||
    die "remove did too much or too little"
  in_machine "$machine" dpkg -P piman-node-agent
  left=$(left_of_packages "$machine")
  [[ -z $left ]] || die "purge left: $left"
}

# check_manager_installs MACHINE FILE: the same for the manager, which runs with the rights that its unit leaves it.
check_manager_installs() {
  local machine=$1 state port job pid left
  cp "$2" "$machine/manager.deb"
  say "the manager: install"
  in_machine "$machine" dpkg -i /manager.deb
  [[ -L $machine/etc/systemd/system/multi-user.target.wants/piman.service ]] || die "installed, but its unit is not enabled"
  state=$(in_machine "$machine" stat -c %U:%a /var/lib/piman /var/lib/piman/hosts.csv | tr '\n' ' ')
  [[ $state == "piman:750 piman:640 " ]] || die "its state is not its own: $state"
  in_machine "$machine" piman config check --config.file=/etc/piman/piman.yml
  port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
  # As the unit starts it: a user of its own with two capabilities.
  chroot "$machine" setpriv --reuid piman --regid piman --clear-groups --no-new-privs \
    --inh-caps -all,+net_bind_service,+net_raw --ambient-caps -all,+net_bind_service,+net_raw \
    --bounding-set -all,+net_bind_service,+net_raw \
    piman server --config.file=/etc/piman/piman.yml --web.listen-address="127.0.0.1:$port" 2>"$machine/manager.log" &
  job=$!
  expect_manager_answers "$machine/manager.log" "$port"
  pid=$(pgrep -P "$job" -x piman || echo "$job")
  [[ $(awk '/^CapEff/ { print $2 }' "/proc/$pid/status") == 0000000000002400 ]] ||
    die "it has other rights than CAP_NET_BIND_SERVICE and CAP_NET_RAW: $(grep Cap "/proc/$pid/status")"
  [[ $(in_machine "$machine" stat -c %U:%a /var/lib/piman/api.token) == piman:600 ]] || die "the token is open to others"
  kill "$pid"
  wait "$job" || die "the manager did not end cleanly"

  say "the manager: upgrade keeps the configuration, remove keeps the state, purge keeps nothing"
  echo "site: kept" >>"$machine/etc/piman/piman.yml"
  in_machine "$machine" dpkg -i /manager.deb </dev/null
  grep -q '^site: kept' "$machine/etc/piman/piman.yml" || die "the upgrade lost the configuration"
  in_machine "$machine" dpkg -r piman
  [[ ! -e $machine/usr/bin/piman && -e $machine/etc/piman/piman.yml && -e $machine/var/lib/piman/api.token ]] ||
    die "remove did too much or too little"
  in_machine "$machine" dpkg -P piman
  left=$(left_of_packages "$machine")
  [[ -z $left ]] || die "purge left: $left"
}
