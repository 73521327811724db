// SPDX-License-Identifier: Apache-2.0
#include "netboot/boot/templates.h"

namespace piman::netboot {
namespace {

constexpr BootTemplate kTemplates[] = {
#include "boot_templates.inc"
};

}  // namespace

std::span<const BootTemplate> boot_templates() { return kTemplates; }

}  // namespace piman::netboot
