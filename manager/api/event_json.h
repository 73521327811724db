// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/clock.h"
#include "common/result.h"
#include "manager/store/journal.h"

/// The JSON of the journal, both ways. Pure; the envelope, units and nulls are those of json.h.
namespace piman::manager::api {

std::string events_json(const JournalPage& page, WallTime now);
/// One event as an object on one line, without a line end.
std::string event_json(const JournalEvent& event);

/// Reads what events_json() writes. Errors: anything else, with the part that is missing or wrong.
Result<JournalPage> parse_events_json(std::string_view json);

}  // namespace piman::manager::api
