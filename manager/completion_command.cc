// SPDX-License-Identifier: Apache-2.0
#include "manager/completion_command.h"

#include <array>
#include <string_view>
#include <utility>

#include "common/text.h"
#include "manager/api_command.h"
#include "manager/terminal.h"

namespace piman::manager {
namespace {

// What all three ask: commands by their place in the help, flags by their look, nodes of the server on this machine.
// Nodes are only asked for where a command takes them, and a server that is not there costs nothing.
constexpr std::string_view kBash = R"SH(# bash completion for piman: source <(piman completion bash)
_piman_commands() { piman help 2>/dev/null | sed -n 's/^  \([a-z-]\{1,\}\)  .*/\1/p'; }
_piman_flags() { piman "$@" --help 2>/dev/null </dev/null | grep -o -- '--[a-z][a-z.-]*'; }
_piman_nodes() { timeout 1 piman nodes --json 2>/dev/null | grep -o '"name":"[A-Za-z0-9._-]*"' | cut -d'"' -f4; }
_piman() {
  local word=${COMP_WORDS[COMP_CWORD]} command=${COMP_WORDS[1]} words=
  if ((COMP_CWORD == 1)); then
    words=$(_piman_commands)
  elif [[ $word == -* ]]; then
    local second=${COMP_WORDS[2]}
    case $command in
      alerts | boot-image | ca | config | hosts | image | netboot | power | silence | users)
        ((COMP_CWORD > 2)) && words=$(_piman_flags "$command" "$second") ;;
    esac
    words="$words $(_piman_flags "$command")"
  else
    case $command in
      nodes | node | boots | doctor | restart | reinstall | power | silence) words="$(_piman_nodes) all" ;;
      *) COMPREPLY=($(compgen -f -- "$word")) && return ;;
    esac
  fi
  COMPREPLY=($(compgen -W "$words" -- "$word"))
}
complete -F _piman piman
)SH";

constexpr std::string_view kZsh = R"SH(#compdef piman
# zsh completion for piman: piman completion zsh >"${fpath[1]}/_piman", or source <(piman completion zsh)
_piman() {
  local -a found
  if ((CURRENT == 2)); then
    found=(${(f)"$(piman help 2>/dev/null | sed -n 's/^  \([a-z-]\{1,\}\)   *\(.*\)/\1:\2/p')"})
    _describe command found
  elif [[ $words[CURRENT] == -* ]]; then
    found=(${(f)"$({ piman $words[2] --help; piman $words[2] $words[3] --help; } 2>/dev/null </dev/null | grep -o -- '--[a-z][a-z.-]*')"})
    compadd -- $found
  else
    case $words[2] in
      nodes|node|boots|doctor|restart|reinstall|power|silence)
        found=(${(f)"$(timeout 1 piman nodes --json 2>/dev/null | grep -o '"name":"[A-Za-z0-9._-]*"' | cut -d'"' -f4)"} all)
        compadd -- $found ;;
      *) _files ;;
    esac
  fi
}
if [[ $funcstack[1] == _piman ]]; then _piman "$@"; else compdef _piman piman; fi
)SH";

constexpr std::string_view kFish =
    R"SH(# fish completion for piman: piman completion fish >~/.config/fish/completions/piman.fish
function __piman_commands
    piman help 2>/dev/null | string replace -rf '^  ([a-z-]+)  +(.*)' '$1\t$2'
end
function __piman_flags
    set -l words (commandline -opc)
    piman $words[2..3] --help 2>/dev/null </dev/null | string match -rag -- '(--[a-z][a-z.-]*)'
    piman $words[2] --help 2>/dev/null </dev/null | string match -rag -- '(--[a-z][a-z.-]*)'
end
function __piman_nodes
    timeout 1 piman nodes --json 2>/dev/null | string match -rag -- '"name":"([A-Za-z0-9._-]+)"'
    echo all
end
complete -c piman -n __fish_use_subcommand -f -a '(__piman_commands)'
complete -c piman -n 'string match -q -- "-*" (commandline -ct)' -f -a '(__piman_flags)'
complete -c piman -n '__fish_seen_subcommand_from nodes node boots doctor restart reinstall power silence' -f -a '(__piman_nodes)'
)SH";

}  // namespace

int run_completion_command(std::span<const char* const> arguments) {
  static const std::array<Flag, 1> kFlags = {help_flag()};
  static const ApiCommand kCommand = {"completion",
                                      "Usage: piman completion bash|zsh|fish\n\n"
                                      "Prints what the shell completes commands, flags and names of nodes with.\n"
                                      "Exit code: 0 done, 2 wrong usage.\n\n"
                                      "Examples:\n"
                                      "  source <(piman completion bash)\n"
                                      "  piman completion bash >/etc/bash_completion.d/piman\n"
                                      "  piman completion fish >~/.config/fish/completions/piman.fish\n",
                                      kFlags, 1, 1};
  const ApiCall call = read_command_line(kCommand, arguments);
  if (call.exit) return *call.exit;
  constexpr std::array<std::pair<std::string_view, std::string_view>, 3> kShells = {
      {{"bash", kBash}, {"zsh", kZsh}, {"fish", kFish}}};
  const std::string& wanted = call.parsed.arguments[0];
  for (const auto& [name, script] : kShells) {
    if (name != wanted) continue;
    print(std::string(script));
    return kApiGood;
  }
  return fail_command(kCommand, concat(quote(wanted), " is none of bash, zsh, fish"), kApiUsage);
}

}  // namespace piman::manager
