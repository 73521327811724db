// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/result.h"
#include "manager/fleet/node.h"

/// Which nodes a person means by "2 3 4", "2-9", "pi7", "dc:a6:32:01:02:03", "group=kiosk" or "all". Pure.
namespace piman::manager {

/// At most this many words of a command are looked at.
inline constexpr std::size_t kMostSelectionWords = 4096;

/// The value of a node's label; empty where the node lacks it.
using LabelOf = std::function<std::string(const Host& host, std::string_view label)>;

/// The nodes that `words` name, each once, in the order of `hosts`:
///     7            the node whose address ends in .7, or that is called "7"
///     2-9          all nodes whose addresses end in .2 to .9; there must be one
///     NAME, MAC    that node
///     LABEL=VALUE  all nodes with that label; there must be one
///     all          every node
/// All words together decide: one that names nobody, or that two nodes could be meant by, is an error and nothing is
/// selected. Errors: every such word with what is wrong with it, in one text with "; " between them.
Result<std::vector<Host>> select_nodes(std::span<const Host> hosts, std::span<const std::string> words,
                                       const LabelOf& label_of);

}  // namespace piman::manager
