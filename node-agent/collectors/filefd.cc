// SPDX-License-Identifier: Apache-2.0
#include "node-agent/collectors/filefd.h"

#include "common/host_files.h"
#include "common/text.h"

namespace piman::agent {
namespace {

using prom_text::Family;
using prom_text::Type;

class FilefdCollector final : public Collector {
 public:
  explicit FilefdCollector(const CollectorContext& context)
      : file_(context.paths.proc("sys/fs/file-nr"), HostFile::Content::kOnePiece) {}

  Result<Outcome> collect(prom_text::Writer& out) override {
    const auto content = file_.read();
    if (!content) return fail(content.error().message);
    const auto numbers = parse_file_numbers(*content);
    if (!numbers) return fail(concat(file_.path(), ": not understood: ", quote(*content)));
    out.single(allocated_, numbers->allocated);
    out.single(maximum_, numbers->maximum);
    return Outcome::kCollected;
  }

 private:
  HostFile file_;
  const Family allocated_{"node_filefd_allocated", Type::kGauge, "File handles in use by all processes."};
  const Family maximum_{"node_filefd_maximum", Type::kGauge, "File handles that there may be in all."};
};

}  // namespace

std::optional<FileNumbers> parse_file_numbers(std::string_view content) {
  content = trim(content);
  const auto allocated = parse_u64(next_field(content));
  next_field(content);
  const auto maximum = parse_u64(next_field(content));
  if (!allocated || !maximum) return std::nullopt;
  return FileNumbers{*allocated, *maximum};
}

Result<std::unique_ptr<Collector>> make_filefd_collector(const CollectorContext& context) {
  return std::make_unique<FilefdCollector>(context);
}

}  // namespace piman::agent
