// SPDX-License-Identifier: Apache-2.0
#include "node-agent/ethtool_source.h"

#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <string_view>

#include "common/text.h"
#include "common/unique_fd.h"

namespace piman::agent {
namespace {

/// More statistics than any driver has.
constexpr std::uint32_t kMostStatistics = 32768;
/// The kernel fills in as many as the driver has at that moment, whatever we said: the buffers have room for some more.
constexpr std::size_t kSpareStatistics = 4096;

template <std::size_t kSize>
std::string to_text(const char (&bytes)[kSize]) {
  return std::string(bytes, ::strnlen(bytes, kSize));
}

class EthtoolIoctl final : public EthtoolSource {
 public:
  explicit EthtoolIoctl(UniqueFd socket) : socket_(std::move(socket)) {}

  std::optional<EthtoolLink> link(const std::string& device) override {
    // The old question: it answers in 32 bits, which hold all modes that are reported, and every driver knows it.
    ::ethtool_cmd command{};
    command.cmd = ETHTOOL_GSET;
    if (!ask(device, &command)) return std::nullopt;
    return EthtoolLink{command.supported, command.advertising, command.autoneg};
  }

  std::optional<EthtoolDriver> driver(const std::string& device) override {
    ::ethtool_drvinfo info{};
    info.cmd = ETHTOOL_GDRVINFO;
    if (!ask(device, &info)) return std::nullopt;
    return EthtoolDriver{to_text(info.bus_info), to_text(info.driver), to_text(info.erom_version),
                         to_text(info.fw_version), to_text(info.version)};
  }

  EthtoolStatistics statistics(const std::string& device) override {
    ::ethtool_drvinfo info{};
    info.cmd = ETHTOOL_GDRVINFO;
    if (!ask(device, &info) || info.n_stats == 0 || info.n_stats > kMostStatistics) return {};
    ::ethtool_gstrings name_head{};
    name_head.cmd = ETHTOOL_GSTRINGS;
    name_head.string_set = ETH_SS_STATS;
    name_head.len = info.n_stats;
    if (!ask_many(device, name_head, info.n_stats, ETH_GSTRING_LEN, names_)) return {};
    ::ethtool_stats value_head{};
    value_head.cmd = ETHTOOL_GSTATS;
    value_head.n_stats = info.n_stats;
    if (!ask_many(device, value_head, info.n_stats, sizeof(std::uint64_t), values_)) return {};
    EthtoolStatistics statistics;
    const std::size_t count = std::min({name_head.len, value_head.n_stats, info.n_stats});
    for (std::size_t i = 0; i < count; ++i) {
      const char* const name = names_.data() + sizeof name_head + i * ETH_GSTRING_LEN;
      std::uint64_t value = 0;
      std::memcpy(&value, values_.data() + sizeof value_head + i * sizeof value, sizeof value);
      statistics.emplace_back(std::string(name, ::strnlen(name, ETH_GSTRING_LEN)), value);
    }
    return statistics;
  }

 private:
  bool ask(const std::string& device, void* command) const {
    ::ifreq request{};
    if (device.size() >= sizeof request.ifr_name) return false;
    std::copy(device.begin(), device.end(), request.ifr_name);
    request.ifr_data = static_cast<char*>(command);
    return ::ioctl(socket_.get(), SIOCETHTOOL, &request) == 0;
  }

  /// A question that is answered by a list behind its head.
  template <class Head>
  bool ask_many(const std::string& device, Head& head, std::size_t items, std::size_t item_bytes,
                std::vector<char>& buffer) const {
    buffer.assign(sizeof head + (items + kSpareStatistics) * item_bytes, 0);
    std::memcpy(buffer.data(), &head, sizeof head);
    if (!ask(device, buffer.data())) return false;
    std::memcpy(&head, buffer.data(), sizeof head);
    return true;
  }

  UniqueFd socket_;
  std::vector<char> names_, values_;
};

}  // namespace

Result<std::unique_ptr<EthtoolSource>> make_ethtool_ioctl() {
  UniqueFd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!socket.valid()) return fail(concat("no handle for ethtool: ", words_of_errno(errno)));
  return std::make_unique<EthtoolIoctl>(std::move(socket));
}

}  // namespace piman::agent
