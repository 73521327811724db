// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <unordered_map>

#include "common/clock.h"
#include "netboot/hosts.h"

/// How many requests a second one client may make: a token bucket for each address. Pure.
namespace piman::netboot::tftp {

class RequestRate {
 public:
  /// Addresses remembered at a time. Strangers beyond share one bucket, so that forged addresses take no memory and no
  /// file look-ups.
  static constexpr std::size_t kMaxClients = 8192;

  RequestRate(double per_second, double burst) : per_second_(per_second), burst_(burst) {}

  /// Counts one request and says whether it may be answered.
  bool allow(Ipv4Address client, SteadyTime now);
  std::size_t clients() const { return buckets_.size(); }

 private:
  struct Bucket {
    double tokens = 0;
    SteadyTime filled_at;
  };
  Bucket& bucket_of(Ipv4Address client, SteadyTime now);
  double tokens_at(const Bucket& bucket, SteadyTime now) const;

  double per_second_, burst_;
  std::unordered_map<Ipv4Address, Bucket, HashAddress> buckets_;
  SteadyTime pruned_at_;
};

}  // namespace piman::netboot::tftp
