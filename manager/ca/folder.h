// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/result.h"
#include "manager/ca/certificate.h"

/// The folder of a fleet's CA: `ca.crt`, `ca.key`, and what it signed as `NAME.crt` and `NAME.key`. Keys are readable
/// by their owner only. A file is replaced whole or not at all, a key before its certificate.
namespace piman::manager::ca {

/// Makes the folder and the CA in it. Errors: there is one already; it can't be written.
Result<void> create(const std::string& folder, const Identity& authority);
/// Errors: there is none, or it can't be read.
Result<Identity> read_authority(const std::string& folder);
/// Puts a pair beside the CA, in place of an older one of that name. REQUIRES: is_host_name(name), which is not "ca".
Result<void> store(const std::string& folder, std::string_view name, const Identity& identity);

struct Listed {
  std::string file;
  Facts facts;
};
/// All certificates of the folder, by name; those that can't be read are left out.
Result<std::vector<Listed>> list(const std::string& folder);

}  // namespace piman::manager::ca
