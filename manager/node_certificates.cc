// SPDX-License-Identifier: Apache-2.0
#include "manager/node_certificates.h"

#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <system_error>
#include <utility>

#include "common/net_types.h"
#include "common/text.h"
#include "manager/ca/folder.h"
#include "manager/scrape/http_access.h"

namespace piman::manager {
namespace {

/// As long as the CA: nobody looks after the certificates of nodes, and what is lost is taken back.
constexpr ca::Days kAsLongAsTheCa{36'500};

}  // namespace

Result<NodeCertificates> NodeCertificates::open(std::string folder, std::string server_name, Logger& log) {
  const auto lock = ca::FolderLock::take(folder);
  if (!lock) return fail_with("agents.ca_dir", lock.error());
  if (const auto authority = ca::read_authority(folder); !authority)
    return fail_with("agents.ca_dir", authority.error());
  if (::access(folder.c_str(), W_OK) != 0) {
    return fail(concat("agents.ca_dir: ", folder, ": ", std::generic_category().message(errno)));
  }
  // One that was made before there were lists has none.
  if (::access((folder + "/ca.crl").c_str(), F_OK) != 0) {
    const auto written = ca::write_revocation_lists(folder, std::chrono::system_clock::now());
    if (!written) return fail_with("agents.ca_dir", written.error());
  }
  return NodeCertificates(std::move(folder), std::move(server_name), log);
}

Result<std::string> NodeCertificates::sign(const std::string& request, const netboot::Host& node) const {
  if (!ca::is_certificate_name(node.name)) return fail(concat(quote(node.name), " is no name for a certificate"));
  ca::Wanted wanted;
  wanted.name = server_name_of(server_name_, Host{node.name, node.address, node.mac});
  if (!ca::is_certificate_name(wanted.name) || Ipv4Address::parse(wanted.name)) wanted.name = node.name;
  wanted.addresses = {node.address};
  wanted.valid = kAsLongAsTheCa;
  const WallTime now = std::chrono::system_clock::now();
  const auto lock = ca::FolderLock::take(folder_);
  if (!lock) return tl::unexpected<Error>(lock.error());
  const auto authority = ca::read_authority(folder_);
  if (!authority) return tl::unexpected<Error>(authority.error());
  // Of an operator's own, such as the manager's, key and certificate would be lost to a node that is called so.
  if (auto free = ca::check_free_for_node(folder_, node.name); !free) {
    log_->error("a node got no certificate", {{"node", node.name}, {"err", free.error().message}});
    return tl::unexpected<Error>(free.error());
  }
  auto certificate = ca::sign_request(*authority, request, wanted, now);
  if (!certificate) {
    log_->warn("a node's request for a certificate was refused",
               {{"node", node.name}, {"err", certificate.error().message}});
    return certificate;
  }
  if (const auto stored = ca::store(folder_, node.name, ca::Identity{*certificate, {}}, now); !stored) {
    log_->error("a certificate could not be put on record, and was not given",
                {{"node", node.name}, {"err", stored.error().message}});
    return tl::unexpected<Error>(stored.error());
  }
  log_->info("the agent of a node has a certificate", {{"node", node.name}, {"name", wanted.name}});
  return certificate;
}

}  // namespace piman::manager
