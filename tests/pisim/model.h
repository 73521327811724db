// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tests/pisim/boot_plan.h"
#include "tests/pisim/dhcp_client.h"
#include "tests/pisim/tftp_client.h"

/// The kinds of machines that can be simulated: each a list of boot stages, each stage with its firmware's habits.
/// README.md tells where every habit is known from, and which ones are assumed.
namespace piman::pisim {

/// What becomes of a machine whose stage fails.
enum class AfterFailure : std::uint8_t {
  kDead,      ///< nothing until the power goes off and on
  kRestarts,  ///< boots again from its first stage after a pause
};

struct Stage {
  std::string_view name;
  bool has_dhcp = true;  ///< false: it goes on with the address and the server of the stage before
  DhcpTraits dhcp;
  TftpTraits tftp;
  BootPlan plan;               ///< empty: no files
  bool deaf_to_arp = false;    ///< while it loads
  bool knows_gateways = true;  ///< false: asks by ARP for servers of other subnets too
  AfterFailure after_failure = AfterFailure::kDead;
  Time startup{};  ///< until its network is up
};

enum class Role : std::uint8_t { kPi, kForeignPxe, kPlainClient };

struct Model {
  std::string_view name;
  std::string_view what;  ///< one line for --help
  Role role = Role::kPi;
  std::array<std::uint8_t, 3> mac_prefix{};
  std::uint32_t revision = 0;
  std::vector<std::string_view> config_sections;
  std::vector<Stage> stages;
};

/// All models, in the order of --help. Made anew at every call.
std::vector<Model> make_models();

/// Replaces the plan of the stage that loads the kernel.
void replace_kernel_plan(Model& model, BootPlan plan);

}  // namespace piman::pisim
