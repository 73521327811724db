// SPDX-License-Identifier: Apache-2.0
// The part of OrderDesk that the installer asks and tells.
#include <utility>

#include "common/text.h"
#include "manager/orders/install_progress.h"
#include "manager/orders/order_desk.h"

namespace piman::manager {
namespace {

using netboot::install::NodeRecord;
using std::chrono::milliseconds;

/// Nodes whose session is remembered; a session ends with its connection.
constexpr std::size_t kMostSessions = 8192;

OrderImage order_image(const netboot::install::Image& image) {
  return {image.name, image.version, image.format, image.sha256, image.path, image.size_bytes};
}

}  // namespace

NodeRecord OrderDesk::record_of(const netboot::Host& node) {
  NodeRecord record;
  // Outside of the lock: it may look at files.
  if (auto image = parts_.images.find({})) record.default_image = std::move(*image);
  const MutexLock lock(mutex_);
  if (const CardRecord* card = book_.card(node.mac)) {
    record.state = static_cast<NodeRecord::State>(card->state);
    record.was_ever_installed = card->was_ever_installed;
    record.accepted = card->accepted_ms != 0;
  }
  const OrderRecord* order = book_.open_install(node.mac, now());
  const bool was_installed = order == nullptr && (order = book_.unproved_install(node.mac, now())) != nullptr;
  if (order != nullptr) {
    record.order = netboot::install::InstallOrder{order->id, WallTime(milliseconds(order->expires_ms)),
                                                  image_of(order->image), was_installed};
  }
  return record;
}

void OrderDesk::claim(const netboot::install::Claim& claim, Claimed done) {
  Result<OrderBook::Claimed> claimed = fail("");
  {
    const MutexLock lock(mutex_);
    claimed = book_.claim({claim.node.name, claim.node.address, claim.node.mac}, netboot::install::word(claim.cause),
                          claim.order_id, order_image(claim.image), now());
  }
  if (!claimed) {
    done(tl::unexpected<Error>(claimed.error()));
    return;
  }
  keep(std::move(claimed->effects), [this, id = claimed->install, done = std::move(done)](const Result<void>& stored) {
    if (stored) {
      done(id);
      return;
    }
    BookEffects effects;
    {
      const MutexLock lock(mutex_);
      effects = book_.take_back_claim(id);
    }
    keep(std::move(effects));
    done(fail(concat("not recorded: ", stored.error().message)));
  });
  wake();
}

void OrderDesk::finish(const netboot::install::Outcome& outcome, Finished done) {
  Result<BookEffects> effects = fail("");
  {
    const MutexLock lock(mutex_);
    NodeFacts facts;
    if (const InstallRecord* install = book_.find_running(outcome.install_id)) {
      facts = facts_of(install->node, install->mac);
    }
    effects =
        book_.finish(outcome.install_id, outcome.result, outcome.stage, outcome.reason, outcome.was_told, facts, now());
    if (effects && !effects->rows.installs.empty()) {
      const InstallRecord& row = effects->rows.installs.front();
      metrics_.count_install(row.result, install_stage(row.stage),
                             static_cast<double>(row.ended_ms - row.started_ms) / 1000);
    }
  }
  if (!effects) {
    done(tl::unexpected<Error>(effects.error()));
    return;
  }
  keep(std::move(*effects), std::move(done));
  wake();
}

void OrderDesk::on_install(const netboot::install::InstallEvent& event) {
  BookEffects effects;
  {
    const MutexLock lock(mutex_);
    const std::int64_t at = now().wall_ms;
    if (event.what == "closed") {
      sessions_.erase(event.node.mac);
    } else if (sessions_.size() < kMostSessions || sessions_.contains(event.node.mac)) {
      InstallProgress& session = sessions_[event.node.mac];
      if (const auto ended = follow(session, event, at)) metrics_.count_stage(ended->stage, ended->seconds);
    }
    if (event.what == "hello") {
      metrics_.count_hello(event.dialect);
      if (event.stage == "installed") effects = book_.seen_installed(event.node.mac, now());
    }
  }
  keep(std::move(effects));
  if (parts_.on_install) parts_.on_install(event);
}

void OrderDesk::on_refused(Ipv4Address /*client*/, std::string_view reason) {
  const MutexLock lock(mutex_);
  metrics_.count_refused(reason);
}

}  // namespace piman::manager
