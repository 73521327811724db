// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string_view>

#include "common/result.h"

namespace piman::manager {

/// Gives the next bytes, which stay valid until the next call; none at the end. It is not asked again after an error.
using ByteSource = std::function<Result<std::string_view>()>;

}  // namespace piman::manager
