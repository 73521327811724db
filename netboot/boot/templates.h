// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string_view>

/// The boot texts that piman brings along, as they stand beside this file. Constant data: safe from any thread.
namespace piman::netboot {

struct BootTemplate {
  std::string_view name;  ///< "config.txt.in"; one that ends in ".in" is rendered for each node
  std::string_view text;
};

std::span<const BootTemplate> boot_templates();

}  // namespace piman::netboot
