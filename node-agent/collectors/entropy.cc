// SPDX-License-Identifier: Apache-2.0
#include "node-agent/collectors/entropy.h"

#include <cstdint>
#include <optional>

#include "common/host_files.h"
#include "common/text.h"

namespace piman::agent {
namespace {

using prom_text::Family;
using prom_text::Type;

Result<std::uint64_t> read_number(HostFile& file) {
  const auto content = file.read();
  if (!content) return fail(content.error().message);
  const auto value = parse_u64(trim(*content));
  if (!value) return fail(concat(file.path(), ": no number: ", quote(*content)));
  return *value;
}

class EntropyCollector final : public Collector {
 public:
  explicit EntropyCollector(const CollectorContext& context)
      : available_file_(context.paths.proc("sys/kernel/random/entropy_avail"), HostFile::Content::kOnePiece),
        pool_size_file_(context.paths.proc("sys/kernel/random/poolsize"), HostFile::Content::kOnePiece) {}

  Result<Outcome> collect(prom_text::Writer& out) override {
    const auto available = read_number(available_file_);
    if (!available) return fail(available.error().message);
    out.single(available_, *available);
    if (!pool_size_bits_) {  // built into the kernel, so once is enough
      const auto size = read_number(pool_size_file_);
      if (!size) return fail(size.error().message);
      pool_size_bits_ = *size;
    }
    out.single(pool_size_, *pool_size_bits_);
    return Outcome::kCollected;
  }

 private:
  HostFile available_file_, pool_size_file_;
  std::optional<std::uint64_t> pool_size_bits_;
  const Family available_{"node_entropy_available_bits", Type::kGauge,
                          "Entropy that the kernel has gathered, in bits."};
  const Family pool_size_{"node_entropy_pool_size_bits", Type::kGauge, "Entropy that its pool can hold, in bits."};
};

}  // namespace

Result<std::unique_ptr<Collector>> make_entropy_collector(const CollectorContext& context) {
  return std::make_unique<EntropyCollector>(context);
}

}  // namespace piman::agent
