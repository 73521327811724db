# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Fetches Debian's own source package of civetweb into .deps/civetweb (git-ignored). Sourced after common.sh.
#
# Why: Debian's shared library has neither IPv6 nor a TLS that works with OpenSSL 3; its source compiles with both.
# How: `apt-get source` with private package lists, so that the user's apt files stay as they are. The sources file is
# derived from the very entry that libcivetweb-dev comes from, options included, so apt checks the same signatures.

# civetweb_origin: "URI SUITE COMPONENT" of the repository that holds libcivetweb-dev, or nothing.
civetweb_origin() {
  apt-cache madison libcivetweb-dev 2>/dev/null |
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
  done | sort -u >"$dir/civetweb.list"
  for file in /etc/apt/sources.list.d/*.sources; do
    [[ ! -r $file ]] || deb_src_stanzas "$@" <"$file"
  done >"$dir/civetweb.sources"
  [[ -s $dir/civetweb.list || -s $dir/civetweb.sources ]]
}

# fetch_civetweb_source DIR: the whole of it; prints nothing but errors of the tools.
fetch_civetweb_source() {
  local target=$1 work origin apt
  work=$target.work
  rm -rf "$work"
  mkdir -p "$work/lists/partial" "$work/cache/archives/partial" "$work/source"
  origin=$(civetweb_origin)
  if [[ -z $origin ]]; then # the package lists have been cleaned away, as in containers
    as_root apt-get -q update
    origin=$(civetweb_origin)
  fi
  [[ -n $origin ]] || { echo "apt knows no libcivetweb-dev" && return 1; }
  # shellcheck disable=SC2086  # three words
  write_private_sources "$work/sources" $origin || { echo "no apt source entry for $origin" && return 1; }
  # The sandbox user could not read these private folders; apt would go on without it, but with a warning.
  apt=(apt-get -q -o Dir::Etc::sourcelist=/dev/null -o "Dir::Etc::sourceparts=$work/sources"
    -o "Dir::State::lists=$work/lists" -o "Dir::Cache=$work/cache" -o APT::Sandbox::User="$(id -un)")
  "${apt[@]}" update || return 1
  (cd "$work/source" && "${apt[@]}" source civetweb) || return 1
  local tree
  tree=$(find "$work/source" -mindepth 1 -maxdepth 1 -type d -name 'civetweb-*' -print -quit)
  [[ -f $tree/src/civetweb.c && -f $tree/include/civetweb.h ]] || { echo "the source package looks different" && return 1; }
  rm -rf "$target"
  mv "$tree" "$target" # the last step: a half-fetched tree is never taken for a whole one
  rm -rf "$work"
}

# ensure_civetweb_source: fetches it unless it is there. Never fails: without it piman builds too, only without TLS.
# After a failure it is tried again a day later, or when .deps is removed: not at every start on a machine without network.
ensure_civetweb_source() {
  local target=$REPO/.deps/civetweb log=$REPO/.deps/civetweb.log failed=$REPO/.deps/civetweb.failed
  [[ ! -f $target/src/civetweb.c ]] || return 0
  [[ -z $(find "$failed" -mmin -1440 2>/dev/null) ]] || return 0
  mkdir -p "$REPO/.deps"
  exec 8>"$REPO/.deps/civetweb.lock"
  flock 8
  if [[ ! -f $target/src/civetweb.c ]]; then
    say "fetching Debian's source package of civetweb (for TLS and IPv6)"
    if (fetch_civetweb_source "$target") >"$log" 2>&1; then
      rm -f "$failed"
    else
      touch "$failed"
      warn "no civetweb source to be had ($(tail -n 1 "$log")): building with Debian's shared library, without TLS"
    fi
  fi
  exec 8>&-
}
