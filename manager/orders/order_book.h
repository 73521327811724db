// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "common/clock.h"
#include "common/net_types.h"
#include "common/result.h"
#include "manager/fleet/node.h"
#include "manager/store/order_records.h"
#include "manager/store/records.h"
#include "netboot/hosts.h"

/// All orders, and what may be done by them: which node of a rollout is next, whose power is to be switched, whose card
/// may be formatted, and when an order has come to its end. Pure: time comes as an argument, rows to be stored and
/// lines for the journal go out.
namespace piman::manager {

struct BookLimits {
  std::chrono::milliseconds order_lifetime{std::chrono::hours{24}};
  std::chrono::milliseconds start{std::chrono::minutes{15}};   ///< from power on until the node asks for its install
  std::chrono::milliseconds health{std::chrono::minutes{10}};  ///< until a node that was switched or installed is well
  std::chrono::milliseconds retry{std::chrono::seconds{5}};    ///< between two tries at a switch that is busy
  std::uint32_t most_attempts = 5;                             ///< installs begun for one order
  std::uint32_t most_failures = 2;                             ///< of them that the node itself gave up
  std::size_t most_open = 8192;                                ///< orders that are not over, all together
  std::size_t installs_per_node = 20;                          ///< remembered for who asks
};

/// The present in both clocks: what is shown and expires goes by the wall's, what is waited for by the steady one,
/// which does not jump.
struct BookTime {
  std::int64_t wall_ms = 0;
  SteadyTime steady;
};

/// What others know of a node at this moment.
struct NodeFacts {
  bool is_up = false;           ///< its agent answered the last scrape
  std::uint64_t successes = 0;  ///< scrapes that went well since the manager started
  bool waits = false;           ///< it is connected and waits for orders
  bool has_port = false;        ///< some switch can switch its power
};
using FactsOf = std::function<NodeFacts(const OrderRecord& order)>;

/// What a change leads to: rows that must be stored together, and lines for the journal.
struct BookEffects {
  OrderChanges rows;
  std::vector<JournalEntry> journal;
};

struct RolloutRequest {
  OrderAction action = OrderAction::kRestart;
  std::vector<Host> nodes;
  OrderImage image;  ///< of kReinstall
  std::uint32_t canary = 0, max_parallel = 0, stop_after_failures = 0;
  bool forced = false;
  std::string who, why;
};

/// Thread-safety: none.
class OrderBook {
 public:
  explicit OrderBook(BookLimits limits) : limits_(limits) {}

  /// Begins with what is stored. Installs that a dead process left behind end as "cut"; power that was being switched
  /// is to be switched again.
  BookEffects restore(OrderChanges stored, BookTime now);

  struct Added {
    std::uint64_t rollout = 0;
    BookEffects effects;
  };
  /// Errors: a node has an order that is not over, or there are too many; they name the nodes. Nothing is added then.
  Result<Added> add(const RolloutRequest& request, BookTime now);
  /// It is on the disk: from here on something is done by it.
  void confirm(std::uint64_t rollout) { unstored_.erase(rollout); }
  /// As if add() had not been: it could not be stored.
  void take_back(std::uint64_t rollout);
  /// Ends what has not begun; an install that runs goes on. Errors: no such rollout, or it is over.
  Result<BookEffects> withdraw(std::uint64_t rollout, std::string_view who, BookTime now);

  struct Tick {
    BookEffects effects;
    /// power_ordered() or power_refused() is to follow for each. Those that an earlier run had begun, perhaps, are
    /// kOrdered.
    std::vector<OrderRecord> to_switch;
  };
  Tick tick(const FactsOf& facts_of, BookTime now);
  /// Whether time alone can change something.
  bool is_idle() const;

  /// Whether the power of `node` may be switched for this order. Errors say why not.
  Result<void> check(std::uint64_t order, const std::string& node, BookTime now) const;
  BookEffects power_ordered(std::uint64_t order);
  /// `again`: it is tried again a little later.
  BookEffects power_refused(std::uint64_t order, const std::string& reason, bool again, BookTime now);
  BookEffects power_told(std::uint64_t order, bool worked, bool dry_run, const std::string& text,
                         const NodeFacts& facts, BookTime now);

  /// The order by which this node may be installed now; null: none.
  const OrderRecord* open_install(const MacAddress& mac, BookTime now) const;
  /// The order by which it was installed and is looked at since. It may be installed once more by that when it has no
  /// system after all; null: there is none, or it had its chances.
  const OrderRecord* unproved_install(const MacAddress& mac, BookTime now) const;
  const CardRecord* card(const MacAddress& mac) const;
  bool is_installing(const MacAddress& mac) const;

  struct Claimed {
    std::uint64_t install = 0;
    BookEffects effects;
  };
  /// `order` 0: the claim itself makes one; what is only looked at ends then, for the node has no system. Errors: the
  /// order is not this node's, not open, or has no attempts left; or an install of this node runs.
  Result<Claimed> claim(const Host& node, std::string_view cause, std::uint64_t order, const OrderImage& image,
                        BookTime now);
  /// As if the claim had not been: it could not be stored, and nothing was formatted. What it ended has ended.
  BookEffects take_back_claim(std::uint64_t install);
  /// `was_told`: its node was told to format. Errors: no such install runs.
  Result<BookEffects> finish(std::uint64_t install, std::string_view result, const std::string& stage,
                             const std::string& reason, bool was_told, const NodeFacts& facts, BookTime now);
  /// An operator took this machine in.
  BookEffects accept(const MacAddress& mac, BookTime now);
  /// It says that it has a system: a first install is not for it.
  BookEffects seen_installed(const MacAddress& mac, BookTime now);

  const RolloutRecord* rollout(std::uint64_t id) const;
  std::vector<OrderRecord> orders_of(std::uint64_t rollout) const;
  /// Newest first.
  std::vector<RolloutRecord> rollouts(std::size_t most) const;
  std::vector<InstallRecord> installs_of(const MacAddress& mac) const;
  const InstallRecord* running_install(const MacAddress& mac) const;
  const InstallRecord* find_running(std::uint64_t install) const;
  /// That is not over; null: none.
  const OrderRecord* open_order(const MacAddress& mac) const;
  std::vector<OrderRecord> open_orders() const;
  /// The orders by which nodes were switched off, and after which nothing switched them on.
  std::vector<OrderRecord> left_off() const;

 private:
  struct Entry {
    OrderRecord row;
    SteadyTime since{}, retry_at{};
    std::uint64_t successes = 0;   ///< of the node when it came into its state
    std::uint32_t failures = 0;    ///< installs that it gave up itself, or came back from without a system
    bool was_switched = false;     ///< by us, really
    bool counts_from_now = false;  ///< `successes` is to be taken at the next look
    bool may_be_off = false;       ///< as an earlier run left it
  };
  struct Running {
    InstallRecord row;
    Entry order_before;
    std::optional<CardRecord> card_before;
    bool made_order = false;
    std::uint64_t ended_order = 0;  ///< by the claim
  };

  Entry* find(std::uint64_t order);
  void enter(Entry& entry, OrderState state, std::string detail, BookTime now, BookEffects& effects);
  void look_at(Entry& entry, const FactsOf& facts_of, BookTime now, Tick& tick);
  void advance(RolloutRecord& rollout, BookTime now, BookEffects& effects);
  void forget_old();
  void remember(const InstallRecord& install);
  CardRecord& card_of(const MacAddress& mac);

  BookLimits limits_;
  std::map<std::uint64_t, Entry> orders_;
  std::map<std::uint64_t, RolloutRecord> rollouts_;
  std::map<std::uint64_t, std::vector<std::uint64_t>> members_;               ///< of rollouts: their orders
  std::unordered_map<MacAddress, std::uint64_t, netboot::HashMac> order_of_;  ///< that is not over
  std::unordered_map<MacAddress, CardRecord, netboot::HashMac> cards_;
  std::unordered_map<MacAddress, std::vector<InstallRecord>, netboot::HashMac> installs_;  ///< oldest first
  std::map<std::uint64_t, Running> running_;
  std::set<std::uint64_t> unstored_;      ///< rollouts that wait for the disk
  std::deque<std::uint64_t> over_alone_;  ///< orders of no rollout that are over, oldest first
  std::uint64_t last_order_ = 0, last_rollout_ = 0, last_install_ = 0;
  std::size_t open_ = 0;
};

}  // namespace piman::manager
