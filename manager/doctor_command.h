// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <vector>

#include "manager/api/boot_json.h"

/// `piman doctor`: why a machine does not boot, and what to do about it.
namespace piman::manager {

/// Runs the command; `arguments` is what stands behind "doctor". Exit codes: ApiExit; 1 when there is a problem.
int run_doctor_command(std::span<const char* const> arguments);

/// Pure: the findings as text, machine by machine.
std::string render_findings(const std::vector<api::FindingView>& findings, bool colours);

}  // namespace piman::manager
