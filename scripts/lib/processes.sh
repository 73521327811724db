# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Starting and ending the processes of a run directory. Sourced after common.sh and ports.sh; uses RUN_DIR.
#
# .run/pids/NAME holds "PID STARTTIME". A pid alone may be someone else's by now; with the start time of
# /proc/PID/stat it can only be the process that we started.

STOP_SECONDS=10 # after TERM, before KILL

# start_time PID: clock ticks since boot, or nothing when it is gone (a zombie is gone).
start_time() {
  local stat
  { stat=$(<"/proc/$1/stat"); } 2>/dev/null || return 0
  stat=${stat##*) } # the name before it may hold anything
  local fields
  read -ra fields <<<"$stat"
  [[ ${fields[0]} == [ZX] ]] || echo "${fields[19]}"
}

# running_pid NAME: its pid if the process that we started is still there.
running_pid() {
  local pid started
  [[ -r $RUN_DIR/pids/$1 ]] || return 1
  read -r pid started <"$RUN_DIR/pids/$1" || return 1
  [[ -n $started && $(start_time "$pid") == "$started" ]] || return 1
  echo "$pid"
}

# start_process NAME COMMAND...: in a session of its own, so that neither Ctrl-C nor a closed terminal reaches it.
start_process() {
  local name=$1 pid
  shift
  mkdir -p "$RUN_DIR/pids" "$RUN_DIR/logs"
  # Why the last one ended may still be of interest.
  [[ ! -s $RUN_DIR/logs/$name.log ]] || mv "$RUN_DIR/logs/$name.log" "$RUN_DIR/logs/$name.log.old"
  # 9 is the lock of the run directory: it must not live on in what we start.
  setsid "$@" </dev/null >"$RUN_DIR/logs/$name.log" 2>&1 9>&- &
  pid=$!
  echo "$pid $(start_time "$pid")" >"$RUN_DIR/pids/$name"
}

# stop_processes NAME...: TERM to all, then a bounded wait, then KILL for those that do not listen.
stop_processes() {
  local name pid tries
  local -a left=()
  for name in "$@"; do
    if pid=$(running_pid "$name"); then
      kill -TERM "$pid" 2>/dev/null || true
      left+=("$name")
    else
      rm -f "$RUN_DIR/pids/$name"
    fi
  done
  for ((tries = 0; ${#left[@]} && tries < STOP_SECONDS * 20; tries++)); do
    sleep 0.05
    drop_ended left
  done
  for name in "${left[@]}"; do
    pid=$(running_pid "$name") || continue
    warn "$name (pid $pid) did not stop within $STOP_SECONDS s: killed"
    kill -KILL "$pid" 2>/dev/null || true
    while running_pid "$name" >/dev/null; do sleep 0.05; done
  done
  for name in "$@"; do rm -f "$RUN_DIR/pids/$name"; done
}

# drop_ended ARRAY: takes out the names that no longer run.
drop_ended() {
  local -n names=$1
  local name
  local -a still=()
  for name in "${names[@]}"; do
    if running_pid "$name" >/dev/null; then still+=("$name"); else rm -f "$RUN_DIR/pids/$name"; fi
  done
  names=("${still[@]}")
}

# http_status PORT PATH: the status code, or nothing. By bash alone: a bare Debian has no curl.
http_status() {
  local protocol='' code=''
  {
    exec 7<>"/dev/tcp/127.0.0.1/$1"
    printf 'GET %s HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n' "$2" >&7
    read -r -t 2 protocol code _ <&7
    exec 7>&-
  } 2>/dev/null || true
  [[ $protocol != HTTP/* ]] || echo "$code"
}

# wait_ready NAME PATH SECONDS: until it answers 200. 1 when it ended or the time is over.
wait_ready() {
  local name=$1 path=$2 deadline=$((SECONDS + $3))
  until [[ $(http_status "${PORT[$name]}" "$path") == 200 ]]; do
    running_pid "$name" >/dev/null || { warn "$name ended while starting"; return 1; }
    ((SECONDS < deadline)) || { warn "$name was not ready within $3 s"; return 1; }
    sleep 0.05
  done
}

# show_log NAME: the end of what it said.
show_log() {
  printf '%s--- the last lines of %s%s\n' "$BOLD" "$RUN_DIR/logs/$1.log" "$PLAIN" >&2
  tail -n 15 "$RUN_DIR/logs/$1.log" >&2 || true
}
