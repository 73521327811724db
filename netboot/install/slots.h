// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <map>
#include <string>
#include <vector>

/// How many installs may run at a time: in all, and in one group (behind one switch). Pure.
namespace piman::netboot::install {

struct SlotLimits {
  std::size_t in_all = 64;
  std::size_t in_group = 16;
};

/// First come, first served; who waits for its group's turn holds up nobody of another group. Thread-safety: none.
class Slots {
 public:
  using Id = std::uint64_t;
  explicit Slots(SlotLimits limits) : limits_(limits) {}

  /// At the end of the queue. An id that waits or runs already stays where it is.
  void ask(Id id, const std::string& group);
  /// Leaves the queue or ends the install.
  void release(Id id);
  /// Who may begin now, in the order of arrival. Each is told once.
  std::vector<Id> grant();

  std::size_t waiting() const { return waiting_.size(); }
  std::size_t running() const { return running_.size(); }

 private:
  struct Waiting {
    Id id;
    std::string group;
  };
  SlotLimits limits_;
  std::list<Waiting> waiting_;
  std::map<Id, std::string> running_;
  std::map<std::string, std::size_t> running_in_;
};

}  // namespace piman::netboot::install
