# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# The one table of the Debian packages that anything here needs, and why; and installing what is missing of a group.
# Sourced after common.sh.

# group  package                    why
PACKAGE_TABLE='
build    g++                        compiles piman (C++20)
build    cmake                      configures the build
build    ninja-build                runs the build
build    pkg-config                 finds libraries that bring no CMake files
build    dpkg-dev                   unpacks source packages (civetweb for TLS, prometheus-cpp)
build    prometheus-cpp-dev         the counters that both programs keep of themselves
build    libcivetweb-dev            the HTTP server, where its source package cannot be had
build    civetweb                   a file that the CMake files of libcivetweb-dev insist on
build    libdeflate-dev             gzip of pages
build    libcurl4-openssl-dev       the manager fetches pages from nodes
build    nlohmann-json3-dev         JSON of /events and of the API
build    libyaml-cpp-dev            piman.yml
build    libexpected-dev            errors as values
build    libboost-dev               Asio, which the netboot services wait with
build    libsqlite3-dev             leases, intents and the journal
build    libsnmp-dev                switches the power of PoE ports
build    libssl-dev                 signs boot images, checksums of images
build    libcap-ng-dev              a server that root started gives up most of what root may do
build    libarchive-dev             looks into the images that nodes are installed with
build    libcrypt-dev               passwords of the page
build    zlib1g-dev                 the same, with the checksums of gzip
arm64    g++-aarch64-linux-gnu      compiles the agent for 64-bit Pis
arm64    qemu-user-static           runs its tests here
armhf    g++-arm-linux-gnueabihf    compiles the agent for 32-bit Pis
armhf    qemu-user-static           runs its tests here
package  lintian                    checks the packages
package  mmdebstrap                 makes a bare Debian to install them in
image    mmdebstrap                 makes images for nodes
image    qemu-user-static           runs the programs of Pis while an image is made
image    arch-test                  tells whether they run here
image    binutils                   readelf: which libraries the agent of a tiny image needs
image    zstd                       compresses images
stack    prometheus                 keeps history and evaluates alerts (and promtool)
stack    prometheus-alertmanager    groups, routes and silences alerts (and amtool)
lab      python3                    runs the virtual Pis of scripts/up --lab
lab      iproute2                   their wires: namespaces and a bridge
lab      snmpd                      their PoE switch
lab      busybox                    what their initramfs and their system are made of
lab      fdisk                      divides their cards
lab      e2fsprogs                  formats them
lab      dosfstools                 formats their boot partitions
emulate  qemu-system-arm            the machines of scripts/up --lab --qemu
emulate  u-boot-qemu                their firmware
emulate  u-boot-tools               mkimage: their boot script
emulate  binutils                   readelf: which libraries the agent needs
coverage gcovr                      tells which lines of the sources the tests run
test     libgtest-dev               C++ tests
test     libgmock-dev               C++ tests
test     clang-format               the format check
test     curl                       asks the running programs in tests
test     jq                         reads JSON in tests
test     python3                    layering, end-to-end and bench scripts
test     libfaketime                clocks that jump by hours
test     openssl                    makes certificates for the TLS tests, checks boot.img signatures
test     dosfstools                 mkfs.vfat and fsck.vfat: boot.img is a FAT image
test     mtools                     fills boot.img, and lists it in tests
test     binutils                   readelf: which libraries the disk tools of the initramfs need
test     u-boot-tools               mkimage: the boot script of U-Boot
test     iproute2                   network namespaces for the netboot tests
test     dnsmasq-base               the server that proves the virtual Pis (pisim), and a DHCP relay agent
test     udhcpc                     a DHCP client that is none of ours
test     isc-dhcp-client            another one (dhclient)
test     kea-admin                  perfdhcp, which is thousands of DHCP clients
bench    kea-dhcp4-server           what the DHCP service is measured beside
bench    isc-dhcp-server            what the DHCP service is measured beside
lint     clang                      thread-safety warnings and fuzzing
lint     clang-tidy                 the linter
test     shellcheck                 the linter of these scripts
test     prometheus-node-exporter   what the agent is compared with
test     tftp-hpa                   a TFTP client that asks for no options
test     atftp                      a TFTP client that asks for windows
test     zsh                        completes command lines of piman
test     fish                       does that, too
test     busybox                    TFTP, nc, gunzip and tar as an initramfs has them
test     tcpdump                    captures what servers send
test     nodejs                     runs the tests of the page
test     npm                        fetches their modules, at the versions of tests/web/package-lock.json
test     chromium                   the browser that they drive
test     xz-utils                   makes archives that images are tested with
test     zstd                       makes archives that images are tested with
test     tshark                     finds malformed packets in captures
test     isc-dhcp-relay             a DHCP relay agent between server and clients
test     dhcping                    a DHCP client
test     nmap                       a DHCP client (broadcast-dhcp-discover)
test     python3-scapy              DHCP messages that clients do not send
test     snmpd                      the PoE switch that the power tests switch
test     qemu-system-arm            an arm64 machine that boots from the network
test     u-boot-qemu                its firmware
test     qemu-system-x86            a PC that boots from the network
test     ipxe-qemu                  its firmware
test     python3-yaml               reads the alert rules in their checks
test     docker-compose             takes docker-compose.yml, without an engine
test     victoria-metrics           stands for the store that several sites write to
bench    libwrap0                   what tftpd-hpa and atftpd are linked with
test     iputils-ping               packets that a queue counts
bench    iputils-ping               checks the lossy wire
fresh    mmdebstrap                 makes a bare Debian to try everything in
'

# packages_of GROUP...: the names.
packages_of() {
  awk -v groups=" $* " 'NF && index(groups, " " $1 " ") { print $2 }' <<<"$PACKAGE_TABLE"
}

why_package() {
  awk -v name="$1" '$2 == name { $1 = $2 = ""; sub(/^ +/, ""); print; exit }' <<<"$PACKAGE_TABLE"
}

# other_package_brings NAME: the program that we want of a package is here without it. The vendor's package of Node.js
# brings npm and conflicts with Debian's package of that name.
other_package_brings() {
  [[ $1 == npm ]] && have npm
}

# missing_packages NAME...: those that are not installed. A library may be there under a name that carries its architecture.
missing_packages() {
  local installed name
  # dpkg-query says "no packages found" with exit 1 for those never heard of: that is an answer here.
  installed=" $(dpkg-query -W -f '${db:Status-Status} ${Package}\n' "$@" 2>/dev/null |
    awk '$1 == "installed" { print $2 }' | tr '\n' ' ' || true) "
  for name in "$@"; do
    [[ $installed == *" $name "* ]] || other_package_brings "$name" || echo "$name"
  done
}

# ensure_packages NAME...: installs what is missing, after saying which and why. Says nothing when all are there.
ensure_packages() {
  local missing name
  mapfile -t missing < <(missing_packages "$@")
  ((${#missing[@]})) || return 0
  have apt-get || die "missing and there is no apt-get here to install them: ${missing[*]}"
  say "installing ${#missing[@]} Debian packages"
  for name in "${missing[@]}"; do printf '    %-26s %s\n' "$name" "$(why_package "$name")"; done
  local log=$REPO/.deps/install.log status=0
  mkdir -p "$REPO/.deps"
  with_progress "$log" as_root bash "$REPO/scripts/lib/install_as_root" "${missing[@]}" || status=$?
  if ((status == 130)); then die "interrupted; what apt had begun is finished, and no service was started"; fi
  if ((status)); then
    tail -n 20 "$log" >&2
    die "could not install: ${missing[*]} (all of it: $log)"
  fi
  # What the installer says of its own (services left disabled) is for the person; apt's chatter is not.
  sed -n 's/^piman-install: /    /p' "$log"
}

# ensure_groups GROUP...
ensure_groups() {
  local names
  mapfile -t names < <(packages_of "$@")
  ensure_packages "${names[@]}"
}

# ensure_page_tests: the modules of the page's tests, as their lock file names them. Without them those tests are skipped.
ensure_page_tests() {
  local modules=$REPO/tests/web/node_modules
  [[ -f $modules/.package-lock.json && $modules/.package-lock.json -nt $REPO/tests/web/package-lock.json ]] && return
  say "fetching the modules of the page's tests"
  local log=$REPO/.deps/npm.log
  mkdir -p "$REPO/.deps"
  if ! timeout 110 npm --prefix "$REPO/tests/web" ci --no-audit --no-fund --ignore-scripts >"$log" 2>&1; then
    warn "they can't be had ($log), and the tests of the page in a browser are skipped"
  fi
}
