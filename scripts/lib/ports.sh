# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# The ports of what scripts/up starts: their names, defaults and how they are set; and who holds a taken one.
# Sourced after common.sh.
#
# A port comes from, first found: --port NAME=N, the environment (PIMAN_PORT_AGENT=3001), what already runs in this
# run directory, the default here.

# shellcheck disable=SC2034  # read by processes.sh and by the scripts that source this
PARTS=(agent manager prometheus alertmanager)
declare -A PORT=([agent]=3000 [manager]=8080 [prometheus]=9090 [alertmanager]=9093)
declare -A DEFAULT_PORT=([agent]=3000 [manager]=8080 [prometheus]=9090 [alertmanager]=9093)
declare -A PORT_ASKED=() # those set by a person

# set_port NAME N [WHO]: checks and sets.
set_port() {
  local name=$1 number=$2 source=${3:---port}
  [[ -v DEFAULT_PORT[$name] ]] || usage_error "$source: no part is called '$name'; there are ${PARTS[*]}"
  if [[ ! $number =~ ^[1-9][0-9]{0,4}$ ]] || ((number > 65535)); then usage_error "$source: '$number' is not a port"; fi
  PORT[$name]=$number
  PORT_ASKED[$name]=1
}

# set_port_argument NAME=N
set_port_argument() {
  [[ $1 == *=* ]] || usage_error "--port wants NAME=N, like --port agent=3001, not '$1'"
  set_port "${1%%=*}" "${1#*=}"
}

ports_from_environment() {
  local name variable
  for name in "${PARTS[@]}"; do
    variable=PIMAN_PORT_${name^^}
    [[ -z ${!variable:-} ]] || set_port "$name" "${!variable}" "$variable"
  done
}

url_of() { echo "http://127.0.0.1:${PORT[$1]}"; }

# listening_inodes PORT: the sockets that would keep 127.0.0.1:PORT from being bound, from the kernel's own tables
# (ss and netstat are not on every machine). State 0A is LISTEN; addresses are hexadecimal in host order.
listening_inodes() {
  local hex
  printf -v hex '%04X' "$1"
  awk -v port="$hex" '
    FNR > 1 && $4 == "0A" {
      split($2, a, ":")
      if (a[2] != port) next
      if (a[1] ~ /^0+$/ || a[1] == "0100007F" || a[1] == "0000000000000000FFFF00000100007F") print $10
    }' /proc/net/tcp /proc/net/tcp6 2>/dev/null || true
}

# port_holder PORT: nothing when it is free, else words for who has it.
port_holder() {
  local inode link pid
  mapfile -t inodes < <(listening_inodes "$1")
  ((${#inodes[@]})) || return 0
  for inode in "${inodes[@]}"; do
    link=$(find /proc/[0-9]*/fd -maxdepth 1 -lname "socket:\[$inode\]" -print -quit 2>/dev/null || true)
    [[ -n $link ]] || continue
    pid=${link#/proc/}
    pid=${pid%%/*}
    echo "$(tr '\0' ' ' <"/proc/$pid/cmdline" 2>/dev/null | cut -c1-60 | sed 's/ *$//') (pid $pid)"
    return 0
  done
  echo "another user's process (as root its name can be seen)"
}
