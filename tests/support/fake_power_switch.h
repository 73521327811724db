// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <mutex>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "common/text.h"
#include "manager/power/power_switch.h"

namespace piman::test {

/// A switch in memory, which can lie and break. What it was asked to do stands in `asked()`: "7 off", "7 on".
class FakePowerSwitch final : public power::PowerSwitch {
 public:
  Result<void> set(const power::PortRef& port, bool on) override {
    const std::lock_guard lock(mutex_);
    asked_.push_back(concat(port.port, on ? " on" : " off"));
    if (fails_.contains({port.port, on})) return fail("the fake was told to fail");
    if (!lies_) on_[port.port] = on;
    return {};
  }
  Result<power::PortState> read(const power::PortRef& port) override {
    const std::lock_guard lock(mutex_);
    const auto found = on_.find(port.port);
    const bool on = found == on_.end() || found->second;
    return power::PortState{on, on ? power::Detection::kDelivering : power::Detection::kDisabled, std::nullopt};
  }
  Result<std::vector<power::LearnedAddress>> learn() override { return std::vector<power::LearnedAddress>{}; }

  void lie(bool lies) {
    const std::lock_guard lock(mutex_);
    lies_ = lies;
  }
  void fail_set(std::uint32_t port, bool on) {
    const std::lock_guard lock(mutex_);
    fails_.insert({port, on});
  }
  std::vector<std::string> asked() const {
    const std::lock_guard lock(mutex_);
    return asked_;
  }

 private:
  mutable std::mutex mutex_;
  bool lies_ = false;
  std::set<std::pair<std::uint32_t, bool>> fails_;
  std::map<std::uint32_t, bool> on_;
  std::vector<std::string> asked_;
};

}  // namespace piman::test
