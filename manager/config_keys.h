// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "common/result.h"
#include "manager/config.h"

/// The one table of configuration keys. The parser, the search for misspelt keys and the reference all read it, so that
/// none of them can know a key that the others don't.
namespace piman::manager {

struct ConfigKey {
  enum class Scalar {
    kText,    ///< quoted or not
    kNumber,  ///< YAML says that a quoted number is a text: refused
  };

  std::string_view section;  ///< empty at the top level
  std::string_view name;
  std::string_view type;  ///< in words, with the range: "whole number, 1 to 65535"
  Scalar scalar;
  std::string_view help;
  /// Takes the value of the file. Errors name the offending value, not the key.
  Result<void> (*set)(Config& config, std::string_view text);
  /// The value as the file would say it; of a default-made Config it is the default.
  std::string (*show)(const Config& config);

  std::string full_name() const;
};

/// In the order of the reference; keys of a section stand together.
std::span<const ConfigKey> config_keys();
/// What a section is for, in one sentence.
std::string_view config_section_help(std::string_view section);

}  // namespace piman::manager
