# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# The packages in a bare Debian whose first process is systemd: the units as they really run. Sourced after
# package_checks.sh.

# in_booted PID COMMAND...: in the machine whose systemd has that pid out here.
in_booted() {
  local pid=$1
  shift
  nsenter --target "$pid" --mount --uts --ipc --net --pid --cgroup --root --wd=/ \
    /usr/bin/env -i -C / HOME=/root LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive PATH=/usr/sbin:/usr/bin:/sbin:/bin "$@"
}

# answer_of PID URL: what a service in there says; for at most 15 s none is listened to.
answer_of() {
  # This machine's curl on that machine's network.
  nsenter --target "$1" --net curl -s --fail --max-time 10 --retry 30 --retry-delay 0 --retry-max-time 15 \
    --retry-connrefused "$2" || die "nothing answers at $2"
}

# main_pid_of PID UNIT: the unit's process, as it is called in there.
main_pid_of() {
  in_booted "$1" systemctl show --property=MainPID --value "$2"
}

# status_of PID UNIT FIELD: of /proc/PID/status of the unit's process.
status_of() {
  in_booted "$1" cat "/proc/$(main_pid_of "$1" "$2")/status" | awk -v field="$3:" '$1 == field { print $2 }'
}

# descendant_of PID NAME: the first process of that name below it; nothing when there is none.
descendant_of() {
  local child below
  for child in $(pgrep -P "$1" || true); do
    if [[ $(cat "/proc/$child/comm" 2>/dev/null) == "$2" ]]; then
      echo "$child"
      return
    fi
    below=$(descendant_of "$child" "$2")
    [[ -z $below ]] || { echo "$below"; return; }
  done
}

# expect_equal WHAT IS SHOULD
expect_equal() {
  [[ $2 == "$3" ]] || die "$1: $2 instead of $3"
}

# expect_agent_unit PID: the agent runs with nothing, and sees what it has to.
expect_agent_unit() {
  local pid=$1 unit=piman-node-agent.service page counted told main video
  expect_equal "the agent's unit" "$(in_booted "$pid" systemctl is-active "$unit")" active
  expect_equal "the agent's rights" "$(status_of "$pid" "$unit" CapEff)" 0000000000000000
  expect_equal "the agent's seccomp mode" "$(status_of "$pid" "$unit" Seccomp)" 2
  (($(status_of "$pid" "$unit" Uid) >= 61184)) || die "the agent runs as a user that stays"
  page=$(answer_of "$pid" "http://127.0.0.1:3000/metrics")
  # The clock by a call that also sets it, processes of others, file systems behind a read-only view of them.
  for sample in node_timex_status node_filesystem_size_bytes node_load1 'node_cpu_seconds_total{cpu="0"' \
    'node_network_up{device="lo"' process_open_fds; do
    grep -q "^$sample" <<<"$page" || die "the agent as a unit has no $sample"
  done
  # Of all devices it sees two, and has the group that may open the firmware's mailbox.
  main=$(main_pid_of "$pid" "$unit")
  video=$(in_booted "$pid" getent group video | cut -d: -f3)
  in_booted "$pid" grep -qE "^Groups:.*\b$video\b" "/proc/$main/status" || die "the agent is not in the group video"
  in_booted "$pid" nsenter --target "$main" --mount setpriv --reuid nobody --regid nogroup --groups "$video" \
    bash -c 'exec 3</dev/vcio && test -c /dev/kmsg && test ! -e /dev/console' || die "the agent's unit shows it other devices"
  told=$(answer_of "$pid" "http://127.0.0.1:3000/events" | jq .num_pids)
  counted=$(in_booted "$pid" bash -c 'set -- /proc/[0-9]*; echo $#')
  ((told >= counted - 3 && told <= counted + 3)) || die "the agent counts $told processes, there are $counted"
}

# expect_more_collectors PID: two collectors fail under the unit as it is, and run with the drop-in of the documentation.
expect_more_collectors() {
  local pid=$1 page folder=/etc/systemd/system/piman-node-agent.service.d
  in_booted "$pid" sed -i 's/^ARGS=.*/ARGS="--collector.systemd --collector.processes"/' /etc/default/piman-node-agent
  in_booted "$pid" systemctl restart piman-node-agent
  page=$(answer_of "$pid" "http://127.0.0.1:3000/metrics")
  grep -q '^node_scrape_collector_success{collector="systemd"} 0' <<<"$page" || die "the unit lets the agent speak to D-Bus"
  grep -q '^node_load1 ' <<<"$page" || die "one collector that fails takes others with it"
  in_booted "$pid" systemctl stop piman-node-agent
  in_booted "$pid" useradd --system --user-group --no-create-home --shell /usr/sbin/nologin piman-node-agent
  in_booted "$pid" mkdir -p "$folder"
  in_booted "$pid" cp /usr/share/doc/piman-node-agent/examples/more-collectors.conf "$folder/"
  in_booted "$pid" systemctl daemon-reload
  in_booted "$pid" systemctl restart piman-node-agent
  page=$(answer_of "$pid" "http://127.0.0.1:3000/metrics")
  for sample in 'node_systemd_unit_state{name="piman-node-agent.service",state="active",type="simple"} 1' \
    'node_processes_state{state="S"}'; do
    grep -qF "$sample" <<<"$page" || die "with the drop-in there is no $sample"
  done
}

# expect_manager_unit PID: the manager runs with two rights, comes back when it is killed, and ends when it is told to.
expect_manager_unit() {
  local pid=$1 unit=piman.service before page
  expect_equal "the manager's unit" "$(in_booted "$pid" systemctl is-active "$unit")" active
  expect_equal "the manager's rights" "$(status_of "$pid" "$unit" CapEff)" 0000000000002400
  expect_equal "the manager's seccomp mode" "$(status_of "$pid" "$unit" Seccomp)" 2
  page=$(answer_of "$pid" "http://127.0.0.1:8080/metrics")
  grep -q '^piman_build_info' <<<"$page" || die "no metrics from the manager's unit"
  before=$(main_pid_of "$pid" "$unit")
  in_booted "$pid" bash -c "kill -KILL $before" # there is no program of that name
  for _ in $(seq 1 100); do
    [[ $(main_pid_of "$pid" "$unit") == "$before" || $(main_pid_of "$pid" "$unit") == 0 ]] || break
    sleep 0.1
  done
  answer_of "$pid" "http://127.0.0.1:8080/healthz" >/dev/null || die "the manager does not come back after a kill"
  in_booted "$pid" systemctl stop "$unit"
  expect_equal "the manager's end" "$(in_booted "$pid" systemctl show --property=Result --value "$unit")" success
}

# can_boot_machines: whether control groups can be made here, without which no systemd starts.
can_boot_machines() {
  local hierarchy group
  hierarchy=$(findmnt --noheadings --list --output TARGET --types cgroup2 | head -n 1)
  [[ -n $hierarchy ]] && group=$(mktemp -d "$hierarchy/piman-machine.XXXXXX" 2>/dev/null) && rmdir "$group"
}

# check_units_run MACHINE AGENT MANAGER: both packages, installed while systemd runs, start their units. Sets booted_by, the
# process that the machine ends with.
check_units_run() {
  local machine=$1 pid=''
  if ! can_boot_machines; then
    warn "no control groups can be made here: the units are not run"
    return
  fi
  cp "$2" "$machine/agent.deb"
  cp "$3" "$machine/manager.deb"
  say "the units under systemd"
  "$REPO/tests/packaging/boot_machine" "$machine" >"$machine.boot.log" 2>&1 &
  booted_by=$!
  for _ in $(seq 1 300); do
    pid=$(descendant_of "$booted_by" systemd)
    [[ -n $pid ]] && in_booted "$pid" systemctl is-system-running 2>/dev/null | grep -qE 'running|degraded' && break
    sleep 0.1
  done
  [[ -n $pid ]] || { cat "$machine.boot.log" >&2; die "systemd did not come up"; }
  in_booted "$pid" ip link set lo up
  in_booted "$pid" bash -c 'mknod /dev/vcio c 1 3 && chgrp video /dev/vcio && chmod 660 /dev/vcio'
  in_booted "$pid" dpkg -i /agent.deb /manager.deb
  expect_agent_unit "$pid"
  expect_more_collectors "$pid"
  expect_manager_unit "$pid"
  in_booted "$pid" dpkg -P piman piman-node-agent
  in_booted "$pid" userdel piman-node-agent
  end_booted
}

# end_booted: ends the machine, where it runs.
end_booted() {
  [[ -n ${booted_by:-} ]] || return 0
  kill "$booted_by" 2>/dev/null || true
  wait "$booted_by" || true
  booted_by=''
}
