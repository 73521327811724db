// SPDX-License-Identifier: Apache-2.0
#include "manager/power/make_switch.h"

#include "common/text.h"
#include "manager/power/snmp_poe.h"

namespace piman::power {
namespace {

/// Nodes whose power nobody can switch from here: says so instead of leaving the operator to guess.
class NoSwitch final : public PowerSwitch {
 public:
  explicit NoSwitch(std::string name) : name_(std::move(name)) {}
  Result<void> set(const PortRef& port, bool /*on*/) override {
    return fail(concat(name_, ": nothing can switch the power of ", port.node, " (kind: none)"));
  }
  Result<PortState> read(const PortRef& /*port*/) override { return PortState{}; }
  Result<std::vector<LearnedAddress>> learn() override { return fail(concat(name_, ": kind none has no addresses")); }

 private:
  const std::string name_;
};

}  // namespace

std::string_view to_word(Detection detection) {
  switch (detection) {
    case Detection::kUnknown:
      return "unknown";
    case Detection::kDisabled:
      return "disabled";
    case Detection::kSearching:
      return "searching";
    case Detection::kDelivering:
      return "delivering";
    case Detection::kFault:
      return "fault";
    case Detection::kTest:
      return "test";
    case Detection::kOtherFault:
      return "other_fault";
  }
  return "unknown";
}

Result<std::unique_ptr<PowerSwitch>> make_switch(const SwitchConfig& config) {
  switch (config.kind) {
    case SwitchConfig::Kind::kSnmp:
      return make_snmp_poe(config);
    case SwitchConfig::Kind::kCommand:
      return make_script_switch(config);
    case SwitchConfig::Kind::kNone:
      break;
  }
  return std::unique_ptr<PowerSwitch>(std::make_unique<NoSwitch>(config.name));
}

}  // namespace piman::power
