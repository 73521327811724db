// SPDX-License-Identifier: Apache-2.0
#include "node-agent/collectors/qdisc.h"

#include <linux/gen_stats.h>
#include <linux/netlink.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>

#include <cerrno>
#include <cstddef>
#include <map>
#include <utility>

#include "common/text.h"
#include "node-agent/link_names.h"
#include "node-agent/name_filter.h"

namespace piman::agent {
namespace {

using prom_text::Family;
using prom_text::Type;

/// The number at an offset; a struct of the kernel's that got longer since is read as far as it is known here.
template <class Number, class Target>
bool take(NetlinkBytes bytes, std::size_t offset, Target& target) {
  const auto value = netlink_value<Number>(bytes, offset);
  if (value) target = *value;
  return value.has_value();
}

/// struct gnet_stats_basic and _queue, and the count of packets where it does not fit in 32 bits any more.
bool take_statistic(const NetlinkAttribute& attribute, QueueingDiscipline& queue) {
  const NetlinkBytes value = attribute.value;
  switch (attribute.type) {
    case TCA_STATS_BASIC:
      return take<std::uint64_t>(value, offsetof(::gnet_stats_basic, bytes), queue.bytes) &&
             take<std::uint32_t>(value, offsetof(::gnet_stats_basic, packets), queue.packets);
    case TCA_STATS_PKT64: {  // may be that of another count, of what hardware did
      const auto packets = netlink_value<std::uint64_t>(value);
      if (packets && static_cast<std::uint32_t>(*packets) == queue.packets) queue.packets = *packets;
      return packets.has_value();
    }
    case TCA_STATS_QUEUE:
      return take<std::uint32_t>(value, offsetof(::gnet_stats_queue, qlen), queue.queued_packets) &&
             take<std::uint32_t>(value, offsetof(::gnet_stats_queue, backlog), queue.queued_bytes) &&
             take<std::uint32_t>(value, offsetof(::gnet_stats_queue, drops), queue.drops) &&
             take<std::uint32_t>(value, offsetof(::gnet_stats_queue, requeues), queue.requeues) &&
             take<std::uint32_t>(value, offsetof(::gnet_stats_queue, overlimits), queue.overlimits);
    default:
      return true;
  }
}

/// struct tc_stats: what kernels told before there was TCA_STATS2, and tell beside it.
bool take_old_statistics(NetlinkBytes value, QueueingDiscipline& queue) {
  return take<std::uint64_t>(value, offsetof(::tc_stats, bytes), queue.bytes) &&
         take<std::uint32_t>(value, offsetof(::tc_stats, packets), queue.packets) &&
         take<std::uint32_t>(value, offsetof(::tc_stats, drops), queue.drops) &&
         take<std::uint32_t>(value, offsetof(::tc_stats, overlimits), queue.overlimits) &&
         take<std::uint32_t>(value, offsetof(::tc_stats, qlen), queue.queued_packets) &&
         take<std::uint32_t>(value, offsetof(::tc_stats, backlog), queue.queued_bytes);
}

bool take_attributes(NetlinkBytes bytes, QueueingDiscipline& queue) {
  NetlinkBytes old_statistics, statistics;
  NetlinkAttributes attributes(bytes);
  while (const auto attribute = attributes.next()) {
    if (attribute->type == TCA_KIND) queue.kind = netlink_text(attribute->value);
    if (attribute->type == TCA_STATS) old_statistics = attribute->value;
    if (attribute->type == TCA_STATS2) statistics = attribute->value;
  }
  if (attributes.broken()) return false;
  if (statistics.empty()) return old_statistics.empty() || take_old_statistics(old_statistics, queue);
  NetlinkAttributes nested(statistics);
  while (const auto attribute = nested.next()) {
    if (!take_statistic(*attribute, queue)) return false;
  }
  return !nested.broken();
}

class QdiscCollector final : public Collector {
 public:
  QdiscCollector(std::unique_ptr<NetlinkSource> netlink, NameFilter devices)
      : netlink_(std::move(netlink)), devices_(std::move(devices)) {}

  Result<Outcome> collect(prom_text::Writer& out) override {
    if (!netlink_) return Outcome::kAbsent;
    NetlinkBody body(::tcmsg{});
    auto reply = netlink_->ask({NETLINK_ROUTE, RTM_GETQDISC, true, body.take()});
    const bool without_queues = reply && reply->refusal == EOPNOTSUPP;  // a kernel without CONFIG_NET_SCHED
    if (without_queues) return Outcome::kAbsent;
    const auto messages = messages_of(std::move(reply), "queueing disciplines");
    if (!messages) return fail(messages.error().message);
    const auto queues = parse_queueing_disciplines(*messages);
    if (!queues) return fail(queues.error().message);
    const auto names = read_link_names(*netlink_);
    if (!names) return fail(names.error().message);
    Roots roots;
    for (const QueueingDiscipline& queue : *queues) {
      const auto name = names->find(queue.device);
      if (!queue.is_root || name == names->end() || devices_.ignores(name->second)) continue;
      roots.insert_or_assign({name->second, queue.kind}, &queue);
    }
    write(roots, out);
    return Outcome::kCollected;
  }

 private:
  using Roots = std::map<std::pair<std::string_view, std::string_view>, const QueueingDiscipline*>;

  void write(const Roots& roots, prom_text::Writer& out) const {
    write(backlog_, &QueueingDiscipline::queued_bytes, roots, out);
    write(bytes_, &QueueingDiscipline::bytes, roots, out);
    write(length_, &QueueingDiscipline::queued_packets, roots, out);
    write(drops_, &QueueingDiscipline::drops, roots, out);
    write(overlimits_, &QueueingDiscipline::overlimits, roots, out);
    write(packets_, &QueueingDiscipline::packets, roots, out);
    write(requeues_, &QueueingDiscipline::requeues, roots, out);
  }

  template <class Number>
  static void write(const Family& family, Number QueueingDiscipline::*number, const Roots& roots,
                    prom_text::Writer& out) {
    out.family(family);
    for (const auto& [labels, queue] : roots) {
      out.sample({{"device", labels.first}, {"kind", labels.second}}, std::uint64_t{queue->*number});
    }
  }

  std::unique_ptr<NetlinkSource> netlink_;
  NameFilter devices_;
  const Family backlog_{"node_qdisc_backlog", Type::kGauge, "What waits in a device's queue, in bytes."};
  const Family bytes_{"node_qdisc_bytes_total", Type::kCounter, "What left a device's queue, in bytes."};
  const Family length_{"node_qdisc_current_queue_length", Type::kGauge, "Packets that wait in a device's queue."};
  const Family drops_{"node_qdisc_drops_total", Type::kCounter, "Packets that a device's queue dropped."};
  const Family overlimits_{"node_qdisc_overlimits_total", Type::kCounter,
                           "How often a device's queue was at its limit."};
  const Family packets_{"node_qdisc_packets_total", Type::kCounter, "Packets that left a device's queue."};
  const Family requeues_{"node_qdisc_requeues_total", Type::kCounter,
                         "Packets that a device did not take and that went back to its queue."};
};

}  // namespace

Result<std::vector<QueueingDiscipline>> parse_queueing_disciplines(NetlinkBytes messages) {
  std::vector<QueueingDiscipline> queues;
  NetlinkMessages walk(messages);
  while (const auto message = walk.next()) {
    if (message->type != RTM_NEWQDISC) continue;
    const auto head = netlink_value<::tcmsg>(message->payload);
    if (!head) return fail("a queueing discipline's message is too short");
    QueueingDiscipline queue;
    queue.device = static_cast<std::uint32_t>(head->tcm_ifindex);
    queue.is_root = head->tcm_parent == TC_H_ROOT || head->tcm_parent == TC_H_UNSPEC;
    if (!take_attributes(message->payload.subspan(sizeof *head), queue)) {
      return fail("a queueing discipline's message is broken");
    }
    queues.push_back(std::move(queue));
  }
  if (walk.broken()) return fail("the list of queueing disciplines is broken");
  return queues;
}

Result<std::unique_ptr<Collector>> make_qdisc_collector(const CollectorContext& context) {
  return make_qdisc_collector_from(context, make_kernel_netlink(context.paths));
}

Result<std::unique_ptr<Collector>> make_qdisc_collector_from(const CollectorContext& context,
                                                             std::unique_ptr<NetlinkSource> netlink) {
  auto devices =
      NameFilter::make("qdisk.device", context.option("qdisk.device-exclude"), context.option("qdisk.device-include"));
  if (!devices) return fail(devices.error().message);
  return std::make_unique<QdiscCollector>(std::move(netlink), std::move(*devices));
}

}  // namespace piman::agent
