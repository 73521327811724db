// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/clock.h"
#include "common/net_types.h"
#include "common/result.h"
#include "manager/boots/boot.h"
#include "manager/boots/diagnosis.h"
#include "manager/store/records.h"

/// The JSON of netboot's part of the API, both ways. Everything here is pure; the envelope, units and nulls are those
/// of json.h.
namespace piman::manager::api {

/// A machine's boots, newest first. `name` is what it was asked for by.
struct BootsView {
  std::string name;
  std::optional<MacAddress> mac;
  WallTime now;
  std::vector<Boot> boots;
};
std::string boots_json(const BootsView& view);
/// Reads what boots_json() writes. Errors: anything else, with the part that is missing or wrong.
Result<BootsView> parse_boots_json(std::string_view json);

struct PendingView {
  std::string unknown_hosts;  ///< the policy: "pending", "pool", "ignore"
  WallTime now;
  std::vector<PendingHost> hosts;
};
std::string pending_json(const PendingView& view);
Result<PendingView> parse_pending_json(std::string_view json);

struct MachineFindings {
  std::string name;
  std::vector<Finding> findings;
};
std::string findings_json(const std::vector<MachineFindings>& machines);
/// What `piman doctor` shows: codes and severities stay words, for a newer server may know more of them.
struct FindingView {
  std::string machine, code, severity, summary, next;
};
Result<std::vector<FindingView>> parse_findings_json(std::string_view json);

/// The body of POST /api/v1/hosts.
struct AcceptRequest {
  MacAddress mac;
  std::string name;
  std::optional<Ipv4Address> address;
};
std::string accept_json(const AcceptRequest& request);
/// Errors: no object, a key that is missing, unknown or of the wrong type, or no address; they name the key.
Result<AcceptRequest> parse_accept_json(std::string_view json);

struct AcceptedHost {
  std::string name, mac, address;
};
std::string accepted_json(const AcceptedHost& host);
Result<AcceptedHost> parse_accepted_json(std::string_view json);

/// The message of an answer that error_json() made; nothing when it is none.
std::optional<std::string> error_message_of(std::string_view json);

}  // namespace piman::manager::api
