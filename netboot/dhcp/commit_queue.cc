// SPDX-License-Identifier: Apache-2.0
#include "netboot/dhcp/commit_queue.h"

#include <utility>

namespace piman::netboot::dhcp {

struct CommitQueue::Link {
  CommitQueue* queue;  // touched on the io_context's thread only
};

CommitQueue::CommitQueue(asio::io_context& io, LeaseStore& store)
    : io_(io), store_(store), link_(std::make_shared<Link>(Link{this})) {}

CommitQueue::~CommitQueue() { link_->queue = nullptr; }

bool CommitQueue::add(LeaseChange& change, Then& then) {
  if (changes_.size() >= kMost) return false;
  changes_.push_back(std::move(change));
  gathered_.push_back(std::move(then));
  return true;
}

void CommitQueue::flush() {
  if (is_running_ || changes_.empty()) return;
  is_running_ = true;
  running_.swap(gathered_);
  store_.commit(std::exchange(changes_, {}), [&io = io_, link = link_](Result<void> outcome) {
    asio::post(io, [link, outcome = std::move(outcome)] {
      if (link->queue != nullptr) link->queue->finish(outcome);
    });
  });
}

void CommitQueue::finish(const Result<void>& outcome) {
  last_error_ = outcome ? std::string() : outcome.error().message;
  for (const Then& then : running_) then(outcome.has_value());
  running_.clear();
  is_running_ = false;
  flush();
  if (after_commit_) after_commit_();
}

}  // namespace piman::netboot::dhcp
