// SPDX-License-Identifier: Apache-2.0
#include "node-agent/collectors/kernel_hung.h"

#include "common/host_files.h"
#include "common/text.h"

namespace piman::agent {
namespace {

using prom_text::Type;

class KernelHungCollector final : public Collector {
 public:
  explicit KernelHungCollector(const CollectorContext& context)
      : file_(context.paths.proc("sys/kernel/hung_task_detect_count"), HostFile::Content::kOnePiece) {}

  Result<Outcome> collect(prom_text::Writer& out) override {
    const auto content = file_.read();
    if (!content) {
      if (!host_path_exists(file_.path())) return Outcome::kAbsent;
      return fail(content.error().message);
    }
    const auto tasks = parse_u64(trim(*content));
    if (!tasks) return fail(concat(file_.path(), ": no number: ", quote(*content)));
    out.single(tasks_, *tasks);
    return Outcome::kCollected;
  }

 private:
  HostFile file_;
  const prom_text::Family tasks_{"node_kernel_hung_tasks_total", Type::kCounter, "Tasks found hanging since boot."};
};

}  // namespace

Result<std::unique_ptr<Collector>> make_kernel_hung_collector(const CollectorContext& context) {
  return std::make_unique<KernelHungCollector>(context);
}

}  // namespace piman::agent
