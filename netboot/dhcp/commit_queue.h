// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "netboot/asio.h"
#include "netboot/dhcp/lease_store.h"

/// Group commit: what happens only after a lease is stored. While one commit is running, the next one gathers.
namespace piman::netboot::dhcp {

/// Thread-safety: none; lives on the thread of its io_context, or that has stopped. The store outlives the commits that
/// it runs; these may outlive this object.
class CommitQueue {
 public:
  using Then = std::function<void(bool stored)>;

  CommitQueue(asio::io_context& io, LeaseStore& store);
  ~CommitQueue();
  CommitQueue(const CommitQueue&) = delete;
  CommitQueue& operator=(const CommitQueue&) = delete;

  /// At most this many changes gather, and as many are being stored: more than a rack, and a megabyte or two of replies
  /// that wait for them.
  static constexpr std::size_t kMost = 4096;

  /// Takes both, and calls `then` on the io_context's thread. False: too many are waiting, and neither was taken.
  bool add(LeaseChange& change, Then& then);
  /// Starts a commit of what has gathered, unless one is running. Call when a batch of messages has been worked on.
  void flush();
  /// Told once after each commit: `then`s have been called, in order.
  void on_commit_done(std::function<void()> done) { after_commit_ = std::move(done); }
  /// The words of the last failure, for the log; empty when the last commit succeeded.
  const std::string& last_error() const { return last_error_; }

 private:
  struct Link;  // from a commit back to us, if we are still there
  void finish(const Result<void>& outcome);

  asio::io_context& io_;
  LeaseStore& store_;
  std::function<void()> after_commit_;
  std::vector<LeaseChange> changes_;
  std::vector<Then> gathered_, running_;
  bool is_running_ = false;
  std::string last_error_;
  std::shared_ptr<Link> link_;
};

}  // namespace piman::netboot::dhcp
