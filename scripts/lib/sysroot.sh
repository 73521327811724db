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
  private_apt "$work" libdeflate-dev
  # The same entries, for binary packages of any architecture.
  sed -i -E 's/^deb-src /deb /; s/^Types: deb-src/Types: deb/; s/ ?arch=[^] ]*//; s/\[\] //; /^Architectures:/d' "$work"/sources/*
  APT+=(-o "APT::Architecture=$arch" -o "APT::Architectures=$arch")
  # A mirror in the middle of its own update misses an index for a while; what is wanted may be there all the same.
  "${APT[@]}" update || echo "the package lists are not whole"
  (cd "$work/debs" && "${APT[@]}" download "${SYSROOT_PACKAGES[@]}")
  for deb in "$work"/debs/*.deb; do dpkg -x "$deb" "$work/root"; done
}
