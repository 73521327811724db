# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=dash
# shellcheck disable=SC2034  # REASON is read by who sources this
# The node's disk: which one it is, how it is divided, whether a whole system is on it. Sourced.
# SYSFS and DEV are other folders in tests.

SYSFS=${SYSFS:-/sys}
DEV=${DEV:-/dev}
NEW_ROOT=${NEW_ROOT:-/new_root}
MARKER=etc/piman/installed # written last, so what is half installed has none

# tool PATH ARGUMENTS...: a program that has shared libraries. They are where only it looks: a static
# program (busybox) that opens shared parts of the C library must not meet those of another build.
tool() { LD_LIBRARY_PATH=/lib/tools "$@"; }

log() { echo "piman: $*" >&2; }

# disk_candidates: names of disks that can be a node's own. Sticks and other USB disks (sd*) never are.
disk_candidates() {
  for path in "$SYSFS"/block/*; do
    name=${path##*/}
    case $name in
      mmcblk*boot* | mmcblk*rpmb*) continue ;;
      mmcblk[0-9]* | nvme[0-9]*n[0-9]* | vd[a-z]) ;;
      *) continue ;;
    esac
    case $(readlink -f "$path") in */usb[0-9]*) continue ;; esac
    [ "$(cat "$path/removable" 2>/dev/null)" != 1 ] || continue
    [ "$(cat "$path/ro" 2>/dev/null)" != 1 ] || continue
    [ "$(cat "$path/size" 2>/dev/null || echo 0)" -gt 0 ] || continue
    echo "$name"
  done
}

# find_disk [NAME]: sets DISK (a name) or, with exit 1, REASON. With several candidates a guess could cost data.
find_disk() {
  DISK='' REASON=''
  candidates=$(disk_candidates)
  if [ "$1" ]; then
    for name in $candidates; do [ "$name" != "$1" ] || DISK=$name; done
    [ "$DISK" ] || REASON="piman.disk=$1 is no disk of this node"
  else
    # shellcheck disable=SC2086  # one word a disk
    set -- $candidates
    case $# in
      0) REASON='no disk' ;;
      1) DISK=$1 ;;
      *) REASON="several disks ($*): name one with piman.disk=" ;;
    esac
  fi
  [ "$DISK" ]
}

disk_bytes() { echo $(($(cat "$SYSFS/block/$1/size") * 512)); }

# partition DISK NUMBER: its name. A disk whose name ends in a digit has a p before the number.
partition() {
  case $1 in *[0-9]) echo "$1p$2" ;; *) echo "$1$2" ;; esac
}

# partition_table BYTES: for sfdisk. An MBR, which every Pi can start from. From 8 GiB on the second half of the rest
# is a second root, for an update beside the running one. Exit 1: too small.
partition_table() {
  sectors=$(($1 / 512)) start=8192
  [ "$sectors" -ge 262144 ] || return 1 # 128 MiB
  boot=65536                            # 32 MiB
  [ "$sectors" -lt 8388608 ] || boot=524288
  rest=$((sectors - start - boot))
  echo 'label: dos'
  echo "start=$start, size=$boot, type=c, bootable"
  if [ "$sectors" -ge 16777216 ]; then
    half=$((rest / 2 / 8192 * 8192))
    echo "start=$((start + boot)), size=$half, type=83"
    echo "start=$((start + boot + half)), size=$half, type=83"
  else
    echo "start=$((start + boot)), size=$rest, type=83"
  fi
}

# has_system: mounts the root at NEW_ROOT when a whole system is on it.
has_system() {
  root=$DEV/$(partition "$DISK" 2)
  [ -b "$root" ] || return 1
  mkdir -p "$NEW_ROOT"
  mount -t ext4 "$root" "$NEW_ROOT" 2>/dev/null || return 1
  if [ -s "$NEW_ROOT/$MARKER" ] && { [ -x "$NEW_ROOT/sbin/init" ] || [ -L "$NEW_ROOT/sbin/init" ] || [ -x "$NEW_ROOT/init" ]; }; then
    return 0
  fi
  umount "$NEW_ROOT"
  return 1
}

unmount_all() {
  umount "$NEW_ROOT/boot/firmware" 2>/dev/null
  umount "$NEW_ROOT" 2>/dev/null
  return 0
}

# format_disk: new partitions and file systems, the root mounted. Exit 1: REASON.
# The tools are called by their paths: Debian's busybox prefers an applet of the same name, and its mke2fs knows no ext4.
format_disk() {
  unmount_all
  if ! table=$(partition_table "$(disk_bytes "$DISK")"); then
    REASON="disk too small: $(disk_bytes "$DISK") bytes"
    return 1
  fi
  echo "$table" | tool /sbin/sfdisk -q --wipe always --wipe-partitions always "$DEV/$DISK" >&2 || { REASON='sfdisk failed' && return 1; }
  tries=0
  until [ -b "$DEV/$(partition "$DISK" 2)" ]; do # the kernel makes it a moment later
    tries=$((tries + 1))
    [ $tries -lt 50 ] || { REASON='no partition came' && return 1; }
    usleep 100000
  done
  tool /sbin/mkfs.vfat -n BOOT "$DEV/$(partition "$DISK" 1)" >&2 || { REASON='mkfs.vfat failed' && return 1; }
  tool /sbin/mke2fs -q -F -t ext4 -L root "$DEV/$(partition "$DISK" 2)" >&2 || { REASON='mke2fs failed' && return 1; }
  mkdir -p "$NEW_ROOT"
  mount -t ext4 "$DEV/$(partition "$DISK" 2)" "$NEW_ROOT" || { REASON='the root cannot be mounted' && return 1; }
  mkdir -p "$NEW_ROOT/boot/firmware"
  mount -t vfat -o quiet "$DEV/$(partition "$DISK" 1)" "$NEW_ROOT/boot/firmware" || { REASON='the boot partition cannot be mounted' && return 1; }
}
