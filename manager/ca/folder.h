// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "common/clock.h"
#include "common/result.h"
#include "common/unique_fd.h"
#include "manager/ca/certificate.h"
#include "manager/ca/ledger.h"

/// The folder of a fleet's CA:
///   ca.crt               whom the fleet trusts: the CA, and while it is rotated the former one behind it
///   ca.key, ca-2.key ... their keys
///   NAME.crt, NAME.key   what it signed; of a node that made its key itself only NAME.crt
///   issued.csv           every certificate that is good somewhere; written before the certificate leaves
///   revoked.csv, ca.crl  what was taken back; the list is for those who verify
/// Keys are readable by their owner only; what root writes belongs to the folder's owner. A file is replaced whole or
/// not at all, a key before its certificate, so that a kill at any moment leaves a CA that works.
namespace piman::manager::ca {

/// Two programs may want to change the folder: the manager and a command. Held while it lives.
class FolderLock {
 public:
  /// Errors: no such folder, or somebody else holds it for seconds.
  static Result<FolderLock> take(const std::string& folder);

 private:
  explicit FolderLock(UniqueFd fd) : fd_(std::move(fd)) {}
  UniqueFd fd_;
};

/// Makes the folder and the CA in it. Errors: there is one already; it can't be written.
Result<void> create(const std::string& folder, const Identity& authority, WallTime now);
/// The CA that signs now. Errors: there is none, or it can't be read.
Result<Identity> read_authority(const std::string& folder);
/// All of ca.crt, the present one first. One whose key is gone has none. Errors: as above.
Result<std::vector<Identity>> read_authorities(const std::string& folder);
/// Puts a pair, or a certificate without a key, beside the CA, in place of an older one of that name, and notes it.
/// REQUIRES: is_certificate_name(name), a lock.
Result<void> store(const std::string& folder, const std::string& name, const Identity& identity, WallTime now);

/// Whether a node may have that name here. Errors: it is that of a certificate for clients, which no node gets.
Result<void> check_free_for_node(const std::string& folder, const std::string& name);

/// Takes all certificates of that name back; returns how many. Errors: nothing that is still good has that name.
/// REQUIRES: a lock.
Result<std::size_t> revoke(const std::string& folder, const std::string& name, WallTime now);

/// Writes ca.crl of what revoked.csv says. REQUIRES: a lock.
Result<void> write_revocation_lists(const std::string& folder, WallTime now);

/// Makes `next` the CA that signs; the present one stays trusted. REQUIRES: a lock.
Result<void> add_authority(const std::string& folder, const Identity& next, WallTime now);
/// Forgets all but the present one, and their keys; returns how many. REQUIRES: a lock.
Result<std::size_t> drop_old_authorities(const std::string& folder, WallTime now);

struct Listed {
  std::string file;
  std::string certificate;
  Facts facts;
  bool is_revoked = false;
  bool is_of_present_ca = false;
};
/// All certificates of the folder, by name; those that can't be read are left out.
Result<std::vector<Listed>> list(const std::string& folder);

}  // namespace piman::manager::ca
