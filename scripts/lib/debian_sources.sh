# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Fetches Debian's own source packages of civetweb and prometheus-cpp into .deps (git-ignored). Sourced after common.sh.
#
# Why: Debian's civetweb library has neither IPv6 nor a TLS that works with OpenSSL 3, its source compiles with both; and
# prometheus-cpp comes as shared libraries that carry another name in each release, compiled in it serves all of them.
# How: `apt-get source` with private package lists, so that the user's apt files stay as they are. The sources file is
# derived from the very entry that the library's package comes from, options included, so apt checks the same signatures.

# source  binary package     a file that the tree must have    what is lost without it
SOURCE_TABLE='
civetweb        libcivetweb-dev     src/civetweb.c             TLS and IPv6
prometheus-cpp  prometheus-cpp-dev  core/src/registry.cc       one agent binary for several Debian releases
'

# package_origin PACKAGE: "URI SUITE COMPONENT" of the repository that holds it, or nothing.
package_origin() {
  apt-cache madison "$1" 2>/dev/null |
    awk -F ' *[|] *' '$3 ~ / Packages$/ { split($3, f, " "); split(f[2], s, "/"); print f[1], s[1], s[2]; exit }'
}

# deb_src_one_line URI SUITE COMPONENT < sources.list: its matching "deb" lines as "deb-src".
deb_src_one_line() {
  awk -v uri="$1" -v suite="$2" -v component="$3" '
    function plain(u) { sub(/\/+$/, "", u); sub(/:\/+/, ":/", u); return u }
    $1 == "deb" {
      options = ""
      sub(/^[ \t]*deb[ \t]+/, "")
      sub(/[ \t]*#.*/, "")
      if (match($0, /^\[[^]]*\][ \t]*/)) { options = substr($0, 1, RLENGTH); $0 = substr($0, RLENGTH + 1) }
      if (plain($1) != plain(uri) || $2 != suite) next
      for (i = 3; i <= NF; i++) if ($i == component) print "deb-src " options $1 " " suite " " component
    }'
}

# deb_src_stanzas URI SUITE COMPONENT < x.sources: its matching stanzas, narrowed to that suite, as "deb-src".
deb_src_stanzas() {
  awk -v uri="$1" -v suite="$2" -v component="$3" '
    function plain(u) { sub(/\/+$/, "", u); sub(/:\/+/, ":/", u); return u }
    BEGIN { RS = ""; FS = "\n" }
    {
      rest = ""; field = ""; found_uri = ""; delete value
      for (i = 1; i <= NF; i++) {
        if ($i ~ /^#/) continue
        if ($i ~ /^[A-Za-z-]+:/) { field = tolower(substr($i, 1, index($i, ":") - 1)); text = substr($i, index($i, ":") + 1) }
        else text = $i
        value[field] = value[field] " " text
        if (field !~ /^(types|uris|suites|components|enabled|architectures)$/) rest = rest $i "\n"
      }
      n = split(value["uris"], uris, /[ \t]+/)
      for (i = 1; i <= n; i++) if (plain(uris[i]) == plain(uri)) found_uri = uris[i]
      if (!found_uri || tolower(value["enabled"]) ~ /no|false|off|disable|without/) next
      if ((value["types"] " ") !~ / deb / || index(value["suites"] " ", " " suite " ") == 0) next
      if (index(value["components"] " ", " " component " ") == 0) next
      printf "Types: deb-src\nURIs: %s\nSuites: %s\nComponents: %s\n%s\n", found_uri, suite, component, rest
    }'
}

# write_private_sources DIR URI SUITE COMPONENT: exit 1 when apt's files hold no such entry.
write_private_sources() {
  local dir=$1 file
  shift
  mkdir -p "$dir"
  for file in /etc/apt/sources.list /etc/apt/sources.list.d/*.list; do
    [[ ! -r $file ]] || deb_src_one_line "$@" <"$file"
  done | sort -u >"$dir/piman.list"
  for file in /etc/apt/sources.list.d/*.sources; do
    [[ ! -r $file ]] || deb_src_stanzas "$@" <"$file"
  done >"$dir/piman.sources"
  [[ -s $dir/piman.list || -s $dir/piman.sources ]]
}

# private_apt WORK PACKAGE: fills APT with an apt-get that sees only the repository of PACKAGE, and keeps all in WORK.
private_apt() {
  local work=$1 package=$2 origin
  mkdir -p "$work/lists/partial" "$work/cache/archives/partial"
  origin=$(package_origin "$package")
  if [[ -z $origin ]]; then # the package lists have been cleaned away, as in containers
    as_root apt-get -q update
    origin=$(package_origin "$package")
  fi
  [[ -n $origin ]] || { echo "apt knows no $package" && return 1; }
  # shellcheck disable=SC2086  # three words
  write_private_sources "$work/sources" $origin || { echo "no apt source entry for $origin" && return 1; }
  # The sandbox user could not read these private folders; apt would go on without it, but with a warning.
  APT=(apt-get -q -o Dir::Etc::sourcelist=/dev/null -o "Dir::Etc::sourceparts=$work/sources"
    -o "Dir::State::lists=$work/lists" -o "Dir::Cache=$work/cache" -o APT::Sandbox::User="$(id -un)")
}

# private_binary_apt WORK ARCH PACKAGE: the same for binary packages of any architecture, its lists fetched.
private_binary_apt() {
  local work=$1 arch=$2 package=$3
  private_apt "$work" "$package" || return 1
  sed -i -E 's/^deb-src /deb /; s/^Types: deb-src/Types: deb/; s/ ?arch=[^] ]*//; s/\[\] //; /^Architectures:/d' "$work"/sources/*
  APT+=(-o "APT::Architecture=$arch" -o "APT::Architectures=$arch")
  # A mirror in the middle of its own update misses an index for a while; what is wanted may be there all the same.
  "${APT[@]}" update || echo "the package lists are not whole"
}

# fetch_debian_source SOURCE PACKAGE MARKER: the whole of it into .deps/SOURCE; prints nothing but errors of the tools.
fetch_debian_source() {
  local source=$1 package=$2 marker=$3 target=$REPO/.deps/$1 work=$REPO/.deps/$1.work
  rm -rf "$work"
  mkdir -p "$work/source"
  private_apt "$work" "$package" || return 1
  "${APT[@]}" update || return 1
  (cd "$work/source" && "${APT[@]}" source "$source") || return 1
  local tree
  tree=$(find "$work/source" -mindepth 1 -maxdepth 1 -type d -name "$source-*" -print -quit)
  [[ -f $tree/$marker ]] || { echo "the source package looks different" && return 1; }
  rm -rf "$target"
  mv "$tree" "$target" # the last step: a half-fetched tree is never taken for a whole one
  rm -rf "$work"
}

# ensure_debian_source SOURCE: fetches it unless it is there. Never fails: piman builds without it, with less in it.
# After a failure it is tried again a day later, or when .deps is removed: not at every start on a machine without network.
ensure_debian_source() {
  local source=$1 package marker loss
  read -r package marker loss < <(awk -v name="$1" '$1 == name { $1 = ""; print }' <<<"$SOURCE_TABLE")
  local target=$REPO/.deps/$source log=$REPO/.deps/$source.log failed=$REPO/.deps/$source.failed
  [[ ! -f $target/$marker ]] || return 0
  [[ -z $(find "$failed" -mmin -1440 2>/dev/null) ]] || return 0
  mkdir -p "$REPO/.deps"
  exec 8>"$REPO/.deps/$source.lock"
  flock 8
  if [[ ! -f $target/$marker ]]; then
    say "fetching Debian's source package of $source (for $loss)"
    if (fetch_debian_source "$source" "$package" "$marker") >"$log" 2>&1; then
      rm -f "$failed"
    else
      touch "$failed"
      warn "no source of $source to be had ($(tail -n 1 "$log")): building with Debian's shared library, without $loss"
    fi
  fi
  exec 8>&-
}

ensure_debian_sources() {
  ensure_debian_source civetweb
  ensure_debian_source prometheus-cpp
}
