# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# What a cross-build of the agent links: a few packages of Debian's other architecture, unpacked into .deps/sysroot-ARCH.
# Sourced after debian_sources.sh. Installing them beside this machine's own would remove some of those; unpacking does not.

SYSROOT_PACKAGES=(libdeflate-dev libgtest-dev libgmock-dev nlohmann-json3-dev libexpected-dev)

# ensure_sysroot ARCH: arm64 or armhf.
ensure_sysroot() {
  local arch=$1 target=$REPO/.deps/sysroot-$1 work=$REPO/.deps/sysroot-$1.work log=$REPO/.deps/sysroot-$1.log
  [[ ! -d $target ]] || return 0
  say "fetching what the agent links from Debian's $arch packages: ${SYSROOT_PACKAGES[*]}"
  rm -rf "$work"
  mkdir -p "$work/debs" "$work/root"
  if ! (fetch_sysroot "$arch" "$work") >"$log" 2>&1; then
    tail -n 5 "$log" >&2
    die "could not fetch Debian's $arch packages (all of it: $log)"
  fi
  mv "$work/root" "$target" # the last step: half a sysroot is never taken for a whole one
  rm -rf "$work"
}

fetch_sysroot() {
  local arch=$1 work=$2 deb
  private_binary_apt "$work" "$arch" libdeflate-dev
  (cd "$work/debs" && "${APT[@]}" download "${SYSROOT_PACKAGES[@]}")
  for deb in "$work"/debs/*.deb; do dpkg -x "$deb" "$work/root"; done
}
