# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Words for the terminal, the places in the tree, and root: what every script here begins with.
# Sourced, never run.

REPO=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/../.." && pwd)

# Colours belong to people: only on a terminal, and never where NO_COLOR is set (https://no-color.org).
if [[ -t 1 && -z ${NO_COLOR:-} && ${TERM:-dumb} != dumb ]]; then
  BOLD=$'\e[1m' GREEN=$'\e[32m' RED=$'\e[31m' YELLOW=$'\e[33m' PLAIN=$'\e[0m'
else
  BOLD='' GREEN='' RED='' YELLOW='' PLAIN=''
fi
# shellcheck disable=SC2034  # used by the scripts that source this
readonly REPO BOLD GREEN RED YELLOW PLAIN

# say WORDS: one step, to a person.
say() { printf '%s==>%s %s\n' "$BOLD" "$PLAIN" "$*"; }
warn() { printf '%swarning:%s %s\n' "$YELLOW" "$PLAIN" "$*" >&2; }
# die WORDS: the one line that says what is wrong, and the end.
die() {
  printf '%serror:%s %s\n' "$RED" "$PLAIN" "$*" >&2
  exit 1
}
# usage_error WORDS: like die, for a wrong call (exit 2).
usage_error() {
  printf '%serror:%s %s (try --help)\n' "$RED" "$PLAIN" "$*" >&2
  exit 2
}

have() { command -v "$1" >/dev/null 2>&1; }

# print_help FILE: a script's help is the comment at its top, so that the two cannot differ.
print_help() { awk 'NR <= 2 { next } /^#/ { sub(/^# ?/, ""); print; next } { exit }' "$1"; }

# as_root COMMAND...: straight when we are root, else through sudo.
as_root() {
  if ((EUID == 0)); then
    "$@"
  elif have sudo; then
    sudo -- "$@"
  else
    die "this needs root and there is no sudo: run it as root ($*)"
  fi
}

# with_progress LOG COMMAND...: its output goes to LOG; on a terminal the last line of it is seen in one place.
with_progress() {
  local log=$1 watcher='' status=0
  shift
  : >"$log"
  if [[ -t 1 && ${TERM:-dumb} != dumb ]]; then
    while kill -0 $$ 2>/dev/null && sleep 0.2; do printf '\r\e[K    %.72s' "$(tail -n 1 "$log")"; done &
    watcher=$!
  fi
  "$@" >>"$log" 2>&1 || status=$?
  if [[ -n $watcher ]]; then
    kill "$watcher" || true
    wait "$watcher" || true
    printf '\r\e[K'
  fi 2>/dev/null
  return "$status"
}

# build_jobs: how many compilers at once. A compiler takes up to about 700 MB, so that a small Pi gets fewer than its cores.
build_jobs() {
  local cores available_kb by_memory
  cores=$(nproc)
  available_kb=$(awk '/^MemAvailable:/ { print $2 }' /proc/meminfo)
  by_memory=$((available_kb / 700000))
  ((by_memory >= 1)) || by_memory=1
  echo $((cores < by_memory ? cores : by_memory))
}

# source_files PATTERN...: the tree's own files (tracked, or new and not ignored), one a line, from the repo root.
# Works in an unpacked archive too, where there is no git.
source_files() {
  if have git && git -C "$REPO" rev-parse --git-dir >/dev/null 2>&1; then
    (cd "$REPO" && git ls-files --cached --others --exclude-standard --deduplicate -- "$@") |
      while IFS= read -r file; do [[ ! -f $REPO/$file ]] || printf '%s\n' "$file"; done
  else
    local pattern names=()
    for pattern in "$@"; do names+=(-o -path "./$pattern"); done
    (cd "$REPO" && find . \( -name .git -o -name .deps -o -name .run -o -name .run-lab -o -name build \) -prune -o \
      -type f \( "${names[@]:1}" \) -print | sed 's|^\./||' | sort)
  fi
}
