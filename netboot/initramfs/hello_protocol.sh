# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=dash
# The node's side of the hello protocol (netboot/install/protocol.h is the manager's). Sourced after disk.sh and
# agent_tls.sh.
# Descriptor 3 goes to the manager, 4 comes from it; a shell's noise goes to the console and never to the wire.

HELLO_PORT=3333
FILE_PORT=4444
CHUNK=4194304  # bytes of the image in memory at any time
MOST_TRIES=20  # in a row without one more byte
CARRIAGE_RETURN=$(printf '\r')
MASTER='' WANTED_DISK='' HOSTNAME='' NODE=''

# read_arguments TEXT: of the kernel.
read_arguments() {
  for word in $1; do
    case $word in
      master=*) MASTER=${word#*=} ;;
      piman.disk=*) WANTED_DISK=${word#*=} ;;
      piman.hello_port=*) HELLO_PORT=${word#*=} ;;
      piman.file_port=*) FILE_PORT=${word#*=} ;;
      piman.hostname=*) HOSTNAME=${word#*=} ;;
      piman.node=*) NODE=${word#*=} ;;
    esac
  done
}

has_address() { ifconfig 2>/dev/null | grep 'inet addr:' | grep -qv 'addr:127\.'; }

send() {
  log "> $*"
  printf '%s\n' "$*" >&3
}

# fail STAGE REASON...: said once, then the node waits for orders.
fail() {
  unmount_all
  send "FAILED $*"
}

connect() {
  rm -f /run/to /run/from
  mkfifo /run/to /run/from
  nc "$MASTER" "$HELLO_PORT" </run/to >/run/from 2>/dev/null &
  nc_pid=$!
  exec 3>/run/to 4</run/from
}

disconnect() {
  exec 3>&- 4<&-
  kill "$nc_pid" 2>/dev/null
  wait "$nc_pid" 2>/dev/null
}

# read_order: the lines up to EOM into ORDER. Exit 1: the connection has ended, or sends more than an order can be.
read_order() {
  ORDER='' count=0
  while [ $count -lt 32 ] && read -r line <&4; do
    [ "$line" != EOM ] || return 0
    ORDER=$ORDER${ORDER:+
}$line
    count=$((count + 1))
  done
  return 1
}

# value KEY: of a line "KEY value" of ORDER.
value() { echo "$ORDER" | sed -n "s/^$1 //p" | head -n 1; }

is_number() { case $1 in '' | *[!0-9]* | ????????????????*) return 1 ;; esac }
is_sha256() { [ ${#1} = 64 ] && case $1 in *[!0-9a-f]*) return 1 ;; esac }

set_date() {
  text=${1#busybox date -s }
  case $text in *[!0-9.]* | '') return ;; esac
  date -s "$text" >/dev/null 2>&1
  send SET_DATE
}

# get_range URL FIRST LAST: these bytes, or as many as come, to standard output. Nothing from a server without ranges.
# Not by wget: that of Debian 12's static busybox was seen to crash in this initramfs, and nc not.
get_range() {
  rest=${1#http://}
  authority=${rest%%/*} path=/${rest#*/} port=80
  host=${authority%:*}
  case $authority in *:*) port=${authority##*:} ;; esac
  printf 'GET %s HTTP/1.1\r\nHost: %s\r\nRange: bytes=%s-%s\r\nConnection: close\r\n\r\n' "$path" "$authority" "$2" "$3" |
    timeout 120 nc "$host" "$port" 2>/dev/null | {
      read -r _ status _
      [ "$status" = 206 ] || exit 1
      while read -r header; do # the shell reads a pipe byte by byte: what follows is left for cat
        [ "$header" != "$CARRIAGE_RETURN" ] || break
      done
      cat
    }
}

# fetch URL SIZE: exactly SIZE bytes to standard output, a chunk after the other; what a cut connection brought is kept.
fetch() {
  done_bytes=0
  while [ "$done_bytes" -lt "$2" ]; do
    want=$(($2 - done_bytes))
    [ "$want" -le $CHUNK ] || want=$CHUNK
    : >/run/chunk
    have=0 tries=0
    while [ "$have" -lt "$want" ]; do
      # One byte more than asked for shows a server that sends something else.
      get_range "$1" $((done_bytes + have)) $((done_bytes + want - 1)) | head -c $((want - have + 1)) >>/run/chunk
      now=$(stat -c %s /run/chunk)
      if [ "$now" -gt "$want" ]; then
        echo 'the server sends more than was asked for' >/run/reason
        return 1
      elif [ "$now" -gt "$have" ]; then
        tries=0
      else
        tries=$((tries + 1))
        [ $tries -lt $MOST_TRIES ] || { echo "no more bytes after $((done_bytes + have)) of $2" >/run/reason && return 1; }
        sleep 1
      fi
      have=$now
    done
    cat /run/chunk || return 1
    done_bytes=$((done_bytes + want))
    send "PROGRESS download $((done_bytes * 100 / $2)) $done_bytes"
  done
}

unpack() { # FORMAT: standard input into the new root
  case $1 in
    tar.gz) gunzip -c ;;
    tar.xz) xz -dc ;;
    tar.zst) tool /usr/bin/zstd -dc ;;
    *) return 1 ;;
  esac | { tar -xf - -C "$NEW_ROOT" && cat >/dev/null; } # what follows the archive's end counts for the checksum
}

# host_name: what the new system is called: as told, as DHCP said, or else as the manager calls the node. A kernel that asks by
# itself (ip=dhcp) leaves no word of what DHCP said.
host_name() {
  for name in "$HOSTNAME" "$(cat "$RUN/dhcp_hostname" 2>/dev/null)" "$NODE"; do
    case $name in '' | *[!a-zA-Z0-9-]*) ;; *) echo "$name" && return ;; esac
  done
}

# configure ID SHA256: what makes the image this node's. The marker comes when all else is on the disk.
configure() {
  mkdir -p "$NEW_ROOT/etc/piman" || return 1
  name=$(host_name)
  [ ! "$name" ] || echo "$name" >"$NEW_ROOT/etc/hostname" || return 1
  echo "manager=$MASTER" >"$NEW_ROOT/etc/piman/node" || return 1
  line=$NEW_ROOT/boot/firmware/cmdline.txt
  if [ -f "$line" ]; then
    id=$(tool /sbin/sfdisk --disk-id "$DEV/$DISK") || return 1
    sed -i "s/root=[^ ]*/root=PARTUUID=${id#0x}-02/" "$line" || return 1
  fi
  sync
  printf 'id %s\nsha256 %s\n' "$1" "$2" >"$NEW_ROOT/$MARKER.new" || return 1
  sync
  mv "$NEW_ROOT/$MARKER.new" "$NEW_ROOT/$MARKER" || return 1
  sync
  umount "$NEW_ROOT/boot/firmware"
}

# install_image: ORDER is an install. Exit 1: it was said why.
install_image() {
  id=$(value id) format=$(value format) size=$(value size_bytes) sha256=$(value sha256) url=$(value url)
  if ! is_number "$id" || ! is_number "$size" || [ "$size" = 0 ]; then fail order 'no id or size' && return 1; fi
  is_sha256 "$sha256" || { fail order 'no sha256' && return 1; }
  case $url in http://*) ;; *) fail order 'no http url' && return 1 ;; esac
  case $format in tar.gz | tar.xz | tar.zst) ;; *) fail order "unknown format" && return 1 ;; esac
  send 'PROGRESS format 0 0'
  format_disk || { fail format "$REASON" && return 1; }
  send 'PROGRESS download 0 0'
  rm -f /run/reason /run/sum_in
  mkfifo /run/sum_in
  sha256sum </run/sum_in >/run/sum &
  sum_pid=$!
  set -o pipefail
  fetch "$url" "$size" | tee /run/sum_in | unpack "$format" 2>/run/unpack_errors
  status=$?
  set +o pipefail
  wait $sum_pid
  read -r sum _ </run/sum
  rm -f /run/chunk
  [ ! -s /run/reason ] || { fail download "$(cat /run/reason)" && return 1; }
  # After an error of the unpacking the sum may be of a part.
  if [ "$sum" != "$sha256" ] && [ $status = 0 ]; then fail verify "sha256 is $sum" && return 1; fi
  [ $status = 0 ] || { fail unpack "$(tail -n 1 /run/unpack_errors)" && return 1; }
  [ -x "$NEW_ROOT/sbin/init" ] || [ -L "$NEW_ROOT/sbin/init" ] || [ -x "$NEW_ROOT/init" ] || { fail unpack 'no init in the image' && return 1; }
  certify "$(value certificate_url)" || { fail certificate "$REASON" && return 1; }
  send 'PROGRESS write 0 0'
  configure "$id" "$sha256" || { fail write 'the disk takes no more' && return 1; }
  send "VERIFIED $sum"
  send IS_FORMATTED
}

# install_seed: "format" of the seed's dialect: gzip from the file port, with nothing to compare it with.
install_seed() {
  send RECEIVED_FORMAT
  format_disk || { fail format "$REASON" && return 1; }
  set -o pipefail
  nc "$MASTER" "$FILE_PORT" </dev/null | unpack tar.gz 2>/run/unpack_errors
  status=$?
  set +o pipefail
  [ $status = 0 ] || { fail unpack "$(tail -n 1 /run/unpack_errors)" && return 1; }
  configure 0 - || { fail write 'the disk takes no more' && return 1; }
  send IS_FORMATTED
}

# converse: one connection. Exit 0: a system is mounted at NEW_ROOT, and is to be started.
converse() {
  send Hello World
  words='http sha256 xz'
  [ ! -x /usr/bin/zstd ] || words="$words zst"
  send "CAPABILITIES 1 $words"
  if find_disk "$WANTED_DISK"; then
    send "DISK path=/dev/$DISK size_bytes=$(disk_bytes "$DISK")"
    if has_system; then
      umount "$NEW_ROOT"
      send IS_INSTALLED
    else
      send IS_UNINSTALLED
    fi
  else
    send "FAILED disk $REASON"
  fi
  while read_order; do
    log "< $ORDER"
    case $ORDER in
      'busybox date -s '*) set_date "$ORDER" ;;
      boot)
        send RECEIVED_BOOT
        [ "$DISK" ] && has_system && return 0
        fail boot 'there is no whole system on the disk'
        ;;
      install*) [ "$DISK" ] && install_image && return 0 ;;
      format) [ "$DISK" ] && install_seed && return 0 ;;
      'wait '*) ;;
      *) send "UNKNOWN ${ORDER%% *}" ;; # "reinstall" of the seed removes files: not done
    esac
  done
  return 1
}

# ask_until_bootable: asks, ever more slowly, until there is something to start.
ask_until_bootable() {
  pause=1
  until connect && converse; do
    disconnect
    log "asking again in $pause s"
    sleep $pause
    [ $pause -ge 60 ] || pause=$((pause * 2))
  done
  sync
  disconnect
}
