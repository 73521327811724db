// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>

#include "manager/config_keys.h"

/// The section `web`: where page, API and metrics are served, and who may do what there. Pure.
namespace piman::manager {

/// The keys of the section, in the order of the reference.
std::span<const ConfigKey> web_keys();

}  // namespace piman::manager
