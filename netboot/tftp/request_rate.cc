// SPDX-License-Identifier: Apache-2.0
#include "netboot/tftp/request_rate.h"

#include <algorithm>
#include <chrono>

namespace piman::netboot::tftp {

double RequestRate::tokens_at(const Bucket& bucket, SteadyTime now) const {
  return std::min(burst_, bucket.tokens + to_seconds(now - bucket.filled_at) * per_second_);
}

RequestRate::Bucket& RequestRate::bucket_of(Ipv4Address client, SteadyTime now) {
  if (const auto known = buckets_.find(client); known != buckets_.end()) return known->second;
  if (buckets_.size() >= kMaxClients) {
    // A full bucket says no more than none. Looking through all of them once a second costs nothing.
    if (now - pruned_at_ >= std::chrono::seconds(1)) {
      pruned_at_ = now;
      std::erase_if(buckets_, [&](const auto& entry) { return tokens_at(entry.second, now) >= burst_; });
    }
    if (buckets_.size() >= kMaxClients) client = Ipv4Address();
  }
  return buckets_.try_emplace(client, Bucket{burst_, now}).first->second;
}

bool RequestRate::allow(Ipv4Address client, SteadyTime now) {
  Bucket& bucket = bucket_of(client, now);
  bucket.tokens = tokens_at(bucket, now);
  bucket.filled_at = now;
  if (bucket.tokens < 1) return false;
  bucket.tokens -= 1;
  return true;
}

}  // namespace piman::netboot::tftp
