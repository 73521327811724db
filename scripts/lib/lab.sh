# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# scripts/up --lab: virtual Pis beside the manager. Its configuration, its images, and its one process more than usual.
# Sourced after parts.sh; uses RUN_DIR, BIN_DIR, PORT and LAB_PIS, LAB_ACCEPT, LAB_QEMU.

LAB_LIB=$REPO/scripts/lib/lab
LAB_MOST_PIS=99       # .253 and .254 of their network are the manager's and the switch's
LAB_HTTP_PORT=8088    # boot files and images, at the lab's own address
LAB_READY_SECONDS=60
LAB_PAYLOAD=$REPO/build/initramfs-test/arm64 # kernel and initramfs of emulated machines
LAB_ARM_AGENT=$REPO/build/arm64/bin/piman-node-agent

# check_lab: what has to be so before anything is installed or built.
check_lab() {
  [[ $LAB_PIS =~ ^[1-9][0-9]?$ ]] || usage_error "--lab wants how many Pis, 1 to $LAB_MOST_PIS, not '$LAB_PIS'"
  [[ $LAB_ACCEPT == auto || $LAB_ACCEPT == ask ]] || usage_error "--lab-accept is auto or ask, not '$LAB_ACCEPT'"
  ((EUID == 0)) || die "virtual Pis need root: namespaces, loop devices and DHCP's port. Run it as root: sudo scripts/up --lab $LAB_PIS"
  [[ -e $RUN_DIR/lab || ! -e $RUN_DIR/piman.yml ]] ||
    die "$RUN_DIR is of a run that is no lab: choose another folder with --run-dir"
  [[ ! -e $RUN_DIR/lab || -f $RUN_DIR/lab/count ]] || die "$RUN_DIR/lab is not of a lab: choose another folder with --run-dir"
}

# check_running_lab: one that runs keeps its number of Pis; one without its process is begun anew.
check_running_lab() {
  local count
  if running_pid lab >/dev/null; then
    count=$(<"$RUN_DIR/lab/count")
    [[ $count == "$LAB_PIS" ]] || die "a lab of $count Pis runs here already: scripts/down first"
  elif ((${#MISSING[@]} == 0)); then
    MISSING=(manager)
  fi
}

# ensure_lab_programs: the tools of the switch and of the initramfs.
ensure_lab_programs() {
  local names
  mapfile -t names < <(packages_of lab)
  # One of the two busybox packages is as good as the other, and each removes the other.
  if have busybox; then mapfile -t names < <(printf '%s\n' "${names[@]}" | grep -vx busybox); fi
  ensure_packages "${names[@]}"
  ((!LAB_QEMU)) || ensure_groups emulate
}

# build_emulated, check_emulated: what emulated machines boot and install.
build_emulated() {
  "$REPO/scripts/build" --quiet --target arm64
  "$REPO/netboot/initramfs/build" --folder "$LAB_PAYLOAD" --kernel linux-image-cloud-arm64 || die "the initramfs can't be made"
}

check_emulated() {
  local file
  for file in "$LAB_ARM_AGENT" "$LAB_PAYLOAD/kernel" "$LAB_PAYLOAD/initramfs.gz"; do
    [[ -f $file ]] || die "there is no $file: scripts/up --lab N --qemu without --no-build makes it"
  done
}

# prepare_lab: a new lab begins with nothing: blank cards, no hosts, no journal.
prepare_lab() {
  python3 -B "$LAB_LIB/network.py" remove "$RUN_DIR" || die "an earlier lab can't be removed"
  ((${#RUN_DIR} <= 90)) || die "$RUN_DIR is too long for the name of a socket in it: choose another folder with --run-dir"
  rm -rf "$RUN_DIR/lab" "$RUN_DIR/lab.new"
  mkdir -p "$RUN_DIR/lab.new/state" "$RUN_DIR/logs"
  echo "$LAB_PIS" >"$RUN_DIR/lab.new/count"
  mv "$RUN_DIR/lab.new" "$RUN_DIR/lab"
  printf '%s\n' "$BIN_DIR/piman" "$(url_of manager)" >"$RUN_DIR/lab/piman"
  (umask 077 && head -c 12 /dev/urandom | od -An -tx1 | tr -d ' \n' >"$RUN_DIR/lab/community")
  read -r LAB_SUBNET LAB_INTERFACE < <("$LAB_LIB/supervisor" --run-dir "$RUN_DIR" --choose-network) ||
    die "no network for the virtual Pis"
  : >"$RUN_DIR/lab/hosts.csv"
  say "making boot files and two images for the virtual Pis"
  LAB_AGENT=$BIN_DIR/piman-node-agent LAB_FOREIGN=()
  ((!LAB_QEMU)) || LAB_AGENT=$LAB_ARM_AGENT LAB_FOREIGN=("$LAB_PAYLOAD")
  python3 -B "$LAB_LIB/image.py" boot "$RUN_DIR/lab/boot" "${LAB_FOREIGN[@]}"
  write_lab_config
  add_image lab 1 --default
  add_image lab-next 2
}

# add_image NAME VERSION [FLAG...]
add_image() {
  local archive=$RUN_DIR/lab/system.tar.gz
  python3 -B "$LAB_LIB/image.py" system "$archive" "$2" "$LAB_AGENT" "${LAB_FOREIGN[@]}"
  # It warns of programs that no real Pi runs; these Pis are not real.
  "$BIN_DIR/piman" image add "$archive" --name="$1" --version="$2" "${@:3}" --images="$RUN_DIR/lab/images" \
    >"$RUN_DIR/logs/images.log" 2>&1 || { show_log images; die "the image $1 can't be added"; }
  rm "$archive"
}

write_lab_config() {
  local base=${LAB_SUBNET%.*} number
  {
    cat <<YAML
# Written by scripts/up --lab at each start: changes are lost.
site: lab
web:
  listen_address: 127.0.0.1:${PORT[manager]}
inventory:
  hosts_file: lab/hosts.csv
agents:
  port: 3000
scrape:
  interval: 2s
  timeout: 1500ms
  max_backoff: 2s
store:
  folder: lab/state
  journal_delay: 500ms
netboot:
  enabled: true
  interfaces: $LAB_INTERFACE
  root: lab/boot
  console_port: 0
dhcp:
  subnets: $LAB_SUBNET
  lease_time: 1h
http_boot:
  listen_address: $base.253:$LAB_HTTP_PORT
install:
  images: lab/images
  start_timeout: 5m
  health_timeout: 5m
power:
  armed: true
  off_time: 1s
  cooldown: 5s
  starting_time: 3s
  switches:
    - name: lab
      address: $base.254
      community_file: lab/community
      ports:
YAML
    for ((number = 1; number <= LAB_PIS; number++)); do echo "        pi$number: $number"; done
    if [[ ${STACK:-1} == 1 ]]; then
      printf 'links:\n  prometheus: %s\n  alertmanager: %s\n' "$(url_of prometheus)" "$(url_of alertmanager)"
    fi
  } >"$RUN_DIR/piman.yml"
}

start_lab() {
  local qemu=()
  ((!LAB_QEMU)) || qemu=(--qemu)
  start_process lab "$LAB_LIB/supervisor" --run-dir "$RUN_DIR" --count "$LAB_PIS" --accept "$LAB_ACCEPT" "${qemu[@]}" \
    --subnet "$LAB_SUBNET" --manager "$(url_of manager)" --piman "$BIN_DIR/piman" --pisim "$BIN_DIR/pisim"
  local deadline=$((SECONDS + LAB_READY_SECONDS))
  until [[ -S $RUN_DIR/lab/socket ]]; do
    running_pid lab >/dev/null && ((SECONDS < deadline)) || return 1
    sleep 0.05
  done
}

# remove_lab: what a lab whose process was killed has left.
remove_lab() {
  [[ -e $RUN_DIR/lab ]] || return 0
  python3 -B "$LAB_LIB/network.py" remove "$RUN_DIR"
}

print_lab() {
  local lab=scripts/lab
  [[ $RUN_DIR == "$REPO/.run-lab" ]] || lab+=" --run-dir $(printf %q "$RUN_DIR")"
  printf '\n  %s virtual Pis: %s list' "$(<"$RUN_DIR/lab/count")" "$lab"
  [[ $LAB_ACCEPT == auto ]] || printf '\n  they wait to be accepted: %s piman hosts pending' "$lab"
  printf '\n  what can happen: %s pull 3, heat 4, fill 5, hang 6; undone by plug, cool, empty, wake' "$lab"
  printf '\n  what to do: %s piman reinstall 2 3 --wait, piman restart 7\n' "$lab"
}
