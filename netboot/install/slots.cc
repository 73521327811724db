// SPDX-License-Identifier: Apache-2.0
#include "netboot/install/slots.h"

#include <algorithm>

namespace piman::netboot::install {

void Slots::ask(Id id, const std::string& group) {
  const bool waits = std::any_of(waiting_.begin(), waiting_.end(), [id](const Waiting& one) { return one.id == id; });
  if (!waits && running_.count(id) == 0) waiting_.push_back({id, group});
}

void Slots::release(Id id) {
  waiting_.remove_if([id](const Waiting& one) { return one.id == id; });
  const auto found = running_.find(id);
  if (found == running_.end()) return;
  const auto group = running_in_.find(found->second);
  if (--group->second == 0) running_in_.erase(group);
  running_.erase(found);
}

std::vector<Slots::Id> Slots::grant() {
  std::vector<Id> granted;
  for (auto one = waiting_.begin(); one != waiting_.end() && running_.size() < limits_.in_all;) {
    const auto group = running_in_.find(one->group);
    if (group != running_in_.end() && group->second >= limits_.in_group) {
      ++one;
      continue;
    }
    ++running_in_[one->group];
    running_.emplace(one->id, one->group);
    granted.push_back(one->id);
    one = waiting_.erase(one);
  }
  return granted;
}

}  // namespace piman::netboot::install
