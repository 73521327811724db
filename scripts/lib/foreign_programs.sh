# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Running another architecture's programs by qemu-user, so that its packages can be configured here. Sourced after common.sh.
# The kernel does so by itself once the emulator is registered (binfmt_misc), which Debian's package does at start. Containers
# and small machines often have it not: then it is registered, and taken away again. The emulator is opened at once (flag F),
# so that it is there in a chroot as well.

BINFMT=/proc/sys/fs/binfmt_misc
FOREIGN_REGISTERED='' FOREIGN_MOUNTED=0

foreign_emulator() {
  case $1 in
    arm64) echo qemu-aarch64-static ;;
    armhf) echo qemu-arm-static ;;
    *) die "no emulator for $1" ;;
  esac
}

runs_foreign_programs() { [[ $(dpkg --print-architecture) == "$1" ]] || arch-test "$1" >/dev/null 2>&1; }

# ensure_foreign_programs ARCH: root. Dies with what to do.
ensure_foreign_programs() {
  local arch=$1 emulator name rule
  runs_foreign_programs "$arch" && return 0
  emulator=$(foreign_emulator "$arch")
  name=${emulator%-static} rule=/usr/lib/binfmt.d/${emulator%-static}.conf
  if [[ ! -e $BINFMT/register ]]; then
    mount -t binfmt_misc binfmt_misc "$BINFMT" 2>/dev/null ||
      die "this machine's kernel runs no programs of $arch (no binfmt_misc): build on a Pi, or on a machine that has it"
    FOREIGN_MOUNTED=1
  fi
  if [[ ! -e $BINFMT/$name ]]; then
    # The rule of Debian's package, with the emulator itself in the place of the link that tells it to keep argv[0].
    sed -E "s|^(.*):[^:]*:[A-Z]*\$|\1:$(command -v "$emulator"):OF|" "$rule" >"$BINFMT/register" 2>/dev/null ||
      die "programs of $arch can't be registered in $BINFMT (an unprivileged container?): apt-get install qemu-user-static on the host"
    FOREIGN_REGISTERED=$name
  fi
  runs_foreign_programs "$arch" || die "$emulator is registered, and programs of $arch don't run all the same"
}

# forget_foreign_programs: undoes exactly what was done.
forget_foreign_programs() {
  [[ -z $FOREIGN_REGISTERED ]] || echo -1 >"$BINFMT/$FOREIGN_REGISTERED" || true
  ((FOREIGN_MOUNTED == 0)) || umount "$BINFMT" || true
  FOREIGN_REGISTERED='' FOREIGN_MOUNTED=0
}
