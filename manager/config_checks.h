// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <initializer_list>
#include <string>
#include <string_view>

#include "manager/config.h"

/// What no key of the configuration can say alone. Pure.
namespace piman::manager {

/// `keys` are those that don't go together; the problem stands in the line of the first of them that the file sets. It
/// is no problem where one of them could not be read, for then its value is not what the file says.
using ReportTogether = std::function<void(std::initializer_list<std::string_view> keys, std::string message)>;

void check_config(const Config& config, const ReportTogether& report);

}  // namespace piman::manager
