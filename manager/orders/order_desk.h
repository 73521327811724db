// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <unordered_map>
#include <vector>

#include "common/clock.h"
#include "common/log.h"
#include "common/mutex.h"
#include "common/prom_text.h"
#include "common/result.h"
#include "manager/fleet/fleet.h"
#include "manager/orders/install_progress.h"
#include "manager/orders/order_book.h"
#include "manager/orders/order_metrics.h"
#include "manager/power/power_control.h"
#include "manager/store/store.h"
#include "netboot/install/orders.h"

/// The order book with everything around it: the store that must have an order before anything is done by it, the
/// installer that asks whether it may format, the power that is switched, the API that takes orders.
namespace piman::manager {

/// Where images are found. Thread-safety: called from any thread; must be quick.
class ImageShelf {
 public:
  virtual ~ImageShelf() = default;
  /// "NAME" or "NAME@VERSION"; empty: the default image. Errors: there is none, in words.
  virtual Result<netboot::install::Image> find(std::string_view name) const = 0;
  /// While what it returns lives, nobody takes the image away. Null: it is gone already.
  virtual std::shared_ptr<void> hold(const netboot::install::Image& image) const = 0;
  /// By name, then from the oldest version to the newest.
  virtual std::vector<netboot::install::Image> list() const = 0;
  virtual std::optional<netboot::install::Image> default_image() const = 0;
};

/// What is told of installs to others as it happens. Called on the netboot thread; must return at once.
using InstallListener = std::function<void(const netboot::install::InstallEvent&)>;

struct DeskParts {
  Store& store;
  Fleet& fleet;  ///< told of power that was switched
  const ImageShelf& images;
  const Clock& clock;
  Logger& log;
  const power::PowerConfig& power;
  InstallListener on_install = {};
};

/// Thread-safety: all methods may be called from any thread. One thread of its own moves orders on.
class OrderDesk final : public netboot::install::Intents,
                        public netboot::install::InstallObserver,
                        public power::PowerHost {
 public:
  /// Begins with what the store remembers. What `parts` refers to must outlive it. Errors: of reading the store.
  static Result<std::unique_ptr<OrderDesk>> start(BookLimits limits, DeskParts parts);
  ~OrderDesk() override;
  OrderDesk(const OrderDesk&) = delete;
  OrderDesk& operator=(const OrderDesk&) = delete;

  /// From here on power is switched through it; null ends that. Set it before and after the desk is used.
  void use_power(power::PowerControl* control) PIMAN_EXCLUDES(mutex_);

  struct View {
    RolloutRecord rollout;
    std::vector<OrderRecord> orders;
    std::vector<InstallProgress> progress;  ///< one for each order
  };
  /// Why an order is not taken, or not withdrawn.
  struct Refused {
    std::string message;
    bool is_unrecorded = false;  ///< the store can't keep it: no word about the order
  };
  /// Returns when the order is on the disk. Errors: what the book refuses, or the store can't keep; nothing is done
  /// then.
  tl::expected<View, Refused> add(const RolloutRequest& request) PIMAN_EXCLUDES(mutex_);
  /// Returns when that is on the disk, so that a manager that dies does not bring the orders back. Errors: it is over
  /// already, or the store can't keep it; it is withdrawn nevertheless then, until the next start.
  tl::expected<View, Refused> withdraw(std::uint64_t rollout, const std::string& who) PIMAN_EXCLUDES(mutex_);
  std::optional<View> view(std::uint64_t rollout) const PIMAN_EXCLUDES(mutex_);
  std::vector<View> recent(std::size_t most) const PIMAN_EXCLUDES(mutex_);
  struct NodeView {
    std::optional<CardRecord> card;
    std::optional<OrderRecord> order;        ///< that is not over
    std::optional<InstallProgress> session;  ///< that is connected now
    std::vector<InstallRecord> installs;     ///< newest first
  };
  NodeView node(const MacAddress& mac) const PIMAN_EXCLUDES(mutex_);
  /// What is on record of a node's card; nothing: nothing is.
  /// As the book has them.
  std::vector<OrderRecord> left_off() const PIMAN_EXCLUDES(mutex_) {
    const MutexLock lock(mutex_);
    return book_.left_off();
  }
  std::optional<CardRecord> card(const MacAddress& mac) const PIMAN_EXCLUDES(mutex_) {
    const MutexLock lock(mutex_);
    const CardRecord* found = book_.card(mac);
    return found == nullptr ? std::nullopt : std::optional<CardRecord>(*found);
  }
  /// Another number whenever an order or an install was put on record.
  std::uint64_t changes() const { return changes_; }
  /// An operator took this machine in.
  void accept(const MacAddress& mac) PIMAN_EXCLUDES(mutex_);
  /// `site`: the label of what is said of single nodes.
  void write_metrics(prom_text::Writer& out, std::string_view site) const PIMAN_EXCLUDES(mutex_);

  // netboot::install::Intents
  netboot::install::NodeRecord record_of(const netboot::Host& node) override PIMAN_EXCLUDES(mutex_);
  void claim(const netboot::install::Claim& claim, Claimed done) override PIMAN_EXCLUDES(mutex_);
  void finish(const netboot::install::Outcome& outcome, Finished done) override PIMAN_EXCLUDES(mutex_);
  // netboot::install::InstallObserver
  void on_install(const netboot::install::InstallEvent& event) override PIMAN_EXCLUDES(mutex_);
  void on_refused(Ipv4Address client, std::string_view reason) override PIMAN_EXCLUDES(mutex_);
  // power::PowerHost
  Result<void> check_intent(std::uint64_t intent, const std::string& node) override PIMAN_EXCLUDES(mutex_);
  bool is_installing(const std::string& node) override PIMAN_EXCLUDES(mutex_);
  void journal(const std::string& node, const std::string& text, const power::JournalData& data) override;
  void switched(const std::string& node, bool on) override;

 private:
  OrderDesk(BookLimits limits, DeskParts parts);
  static netboot::install::Image image_of(const OrderImage& image);
  BookTime now() const;
  NodeFacts facts_of(const std::string& node, const MacAddress& mac) const PIMAN_REQUIRES(mutex_);
  /// Stores the rows and the journal of a change; `done` may be none.
  void keep(BookEffects effects, std::function<void(Result<void>)> done = {});
  /// The same, and returns when it is on the disk or can't be.
  Result<void> keep_and_wait(BookEffects effects) PIMAN_EXCLUDES(mutex_);
  View view_of(const RolloutRecord& rollout) const PIMAN_REQUIRES(mutex_);
  void run(const std::stop_token& stop) PIMAN_EXCLUDES(mutex_);
  void switch_power(const OrderRecord& order) PIMAN_EXCLUDES(mutex_);
  void wake() PIMAN_EXCLUDES(mutex_);
  void hold_images() PIMAN_EXCLUDES(mutex_);

  const DeskParts parts_;
  mutable Mutex mutex_;
  ConditionVariable changed_;
  OrderBook book_ PIMAN_GUARDED_BY(mutex_);
  OrderMetrics metrics_ PIMAN_GUARDED_BY(mutex_);
  std::unordered_map<MacAddress, InstallProgress, netboot::HashMac> sessions_ PIMAN_GUARDED_BY(mutex_);
  std::vector<OrderRecord> ready_to_switch_ PIMAN_GUARDED_BY(mutex_);  ///< on the disk as being switched
  bool is_woken_ PIMAN_GUARDED_BY(mutex_) = false;
  std::atomic<std::uint64_t> changes_ = 0;
  std::size_t writes_ PIMAN_GUARDED_BY(mutex_) = 0;  ///< that the store has not told of
  Mutex power_mutex_;  ///< held while an order is handed over, so that use_power(nullptr) waits for that
  power::PowerControl* power_ PIMAN_GUARDED_BY(power_mutex_) = nullptr;
  std::map<std::string, std::shared_ptr<void>> held_images_;  ///< by SHA-256; of the thread alone
  std::jthread thread_;                                       // last: it uses all of the above
};

}  // namespace piman::manager
