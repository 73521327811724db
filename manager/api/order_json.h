// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/result.h"
#include "manager/orders/order_desk.h"

/// The JSON of orders: what is asked for, how it stands, what was installed. Pure; the envelope, units and nulls are
/// those of json.h.
namespace piman::manager::api {

/// The body of POST /api/v1/actions.
struct ActionRequest {
  OrderAction action = OrderAction::kRestart;
  std::vector<std::string> nodes;  ///< as manager/fleet/selection.h reads them
  std::string image;               ///< of reinstall; empty: the default one
  std::uint32_t canary = 0, max_parallel = 0, stop_after_failures = 0;
  bool force = false;
  bool preview = false;  ///< only say what would be done
  std::string by;        ///< who, as the client says; the server adds from where
  std::string why;
};
std::string action_request_json(const ActionRequest& request);
/// Errors: no object, a key that is missing, unknown, of the wrong type or too long; they name the key.
Result<ActionRequest> parse_action_request(std::string_view json);

std::string action_json(const OrderDesk::View& view, std::int64_t now_ms);
std::string actions_json(const std::vector<OrderDesk::View>& views, std::int64_t now_ms);
std::string installs_json(std::string_view name, const OrderDesk::NodeView& view, std::int64_t now_ms);

/// An action as a client sees it.
struct ActionView {
  struct Node {
    std::string name, state, detail, stage;
    double percent = 0, bytes = 0, size_bytes = 0, bytes_per_second = 0, since = 0;
    bool is_over() const { return state == "done" || state == "failed" || state == "expired" || state == "withdrawn"; }
    bool is_bad() const { return is_over() && state != "done"; }
  };
  std::uint64_t id = 0;
  std::string action, state, image, who, why, detail;
  double created = 0, now = 0;
  std::vector<Node> nodes;
  bool is_over() const;
};
/// A node's card as a client sees it.
struct InstallsView {
  struct Install {
    std::string cause, image, version, result, stage, reason;
    double started = 0, ended = 0;
  };
  std::string card_state, card_image, card_version;
  double card_installed = 0;      ///< 0: never
  std::vector<Install> installs;  ///< newest first
};
/// Reads what installs_json() writes.
Result<InstallsView> parse_installs_json(std::string_view json);

Result<ActionView> parse_action_json(std::string_view json);
Result<std::vector<ActionView>> parse_actions_json(std::string_view json);

}  // namespace piman::manager::api
