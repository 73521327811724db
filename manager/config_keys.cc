// SPDX-License-Identifier: Apache-2.0
#include "manager/config_keys.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include "common/text.h"
#include "manager/config_agents.h"
#include "manager/config_values.h"
#include "manager/config_watch.h"
#include "manager/config_web.h"

namespace piman::manager {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kDay{86'400'000};
constexpr auto kText = ConfigKey::Scalar::kText;
constexpr auto kNumber = ConfigKey::Scalar::kNumber;
using In = std::string_view;

constexpr std::uint64_t kMostThreads = 1024;
constexpr std::uint64_t kMostInFlight = 4096;
constexpr std::uint64_t kMostSamples = 10'000'000;
constexpr std::uint64_t kLeastPageBytes = 1024;
constexpr std::uint64_t kMostPageBytes = 256UL * 1024UL * 1024;
constexpr std::uint64_t kLeastEntries = 100;
constexpr std::uint64_t kMostEntries = 200'000;
constexpr std::uint64_t kMostPort = std::numeric_limits<std::uint16_t>::max();
// Each takes four bytes of a reply that old firmware takes only when it is small; 63 are all that an option can hold.
// No resolver asks more than three.
constexpr std::size_t kMostServers = 8;
constexpr std::uint64_t kMostTransfers = 65'536;
constexpr std::uint64_t kLeastBlock = 512;
constexpr std::uint64_t kMostBlock = 65'464;  // RFC 2348
constexpr std::uint64_t kMostFileBytes = 1UL << 40U;
template <class Choice>
using Word = std::pair<std::string_view, Choice>;
using DhcpMode = Config::Dhcp::Mode;
constexpr std::array<Word<DhcpMode>, 4> kDhcpModes = {{{"authoritative", DhcpMode::kAuthoritative},
                                                       {"server", DhcpMode::kServer},
                                                       {"proxy", DhcpMode::kProxy},
                                                       {"off", DhcpMode::kOff}}};
using UnknownHosts = Config::Dhcp::Unknown;
constexpr std::array<Word<UnknownHosts>, 3> kUnknownHosts = {
    {{"pending", UnknownHosts::kPending}, {"pool", UnknownHosts::kPool}, {"ignore", UnknownHosts::kIgnore}}};
using UnknownClients = Config::Tftp::Unknown;
constexpr std::array<Word<UnknownClients>, 2> kUnknownClients = {
    {{"serve", UnknownClients::kServe}, {"refuse", UnknownClients::kRefuse}}};

using First = Config::Install::First;
constexpr std::array<Word<First>, 2> kFirst = {{{"auto", First::kAuto}, {"manual", First::kManual}}};
using AutoFormat = Config::Install::AutoFormat;
constexpr std::array<Word<AutoFormat>, 2> kAutoFormat = {
    {{"never", AutoFormat::kNever}, {"always", AutoFormat::kAlways}}};

// clang-format off
constexpr std::array<ConfigKey, 67> kKeys = {{
    {"", "site", "name", kText,
     "The `site` label of everything that this manager says. Letters, digits, dot, dash and underscore.",
     [](Config& c, In t) { return set_site(c.site, t); },
     [](const Config& c) { return c.site; }},

    {"inventory", "hosts_file", "path", kText,
     "The nodes, one a line: `MAC;IPv4;name;last_used`. A relative path is relative to the folder of this file.",
     [](Config& c, In t) { return set_file(c.inventory.hosts_file, t); },
     [](const Config& c) { return c.inventory.hosts_file; }},

    {"scrape", "interval", "duration, 1s to 1h", kText,
     "How often each node is asked. The nodes are spread over the interval.",
     [](Config& c, In t) { return set_duration(c.scrape.interval, t, milliseconds(1000), milliseconds(3'600'000)); },
     [](const Config& c) { return format_duration(c.scrape.interval); }},
    {"scrape", "timeout", "duration, 100ms to the interval", kText,
     "How long a node may take to answer, its metrics and its events together.",
     [](Config& c, In t) { return set_duration(c.scrape.timeout, t, milliseconds(100), milliseconds(3'600'000)); },
     [](const Config& c) { return format_duration(c.scrape.timeout); }},
    {"scrape", "max_in_flight", "whole number, 1 to 4096", kNumber,
     "At most how many nodes are asked at the same moment.",
     [](Config& c, In t) { return set_number(c.scrape.max_in_flight, t, 1, kMostInFlight); },
     [](const Config& c) { return concat(c.scrape.max_in_flight); }},
    {"scrape", "max_page_size", "size, 1KiB to 256MiB", kText,
     "A node that sends more is cut off, and the scrape counts as failed.",
     [](Config& c, In t) { return set_size(c.scrape.max_page_bytes, t, kLeastPageBytes, kMostPageBytes); },
     [](const Config& c) { return show_size(c.scrape.max_page_bytes); }},
    {"scrape", "max_samples", "whole number, 1 to 10000000", kNumber,
     "A node whose page has more is cut off, and the scrape counts as failed.",
     [](Config& c, In t) { return set_number(c.scrape.max_samples, t, 1, kMostSamples); },
     [](const Config& c) { return concat(c.scrape.max_samples); }},
    {"scrape", "max_backoff", "duration, the interval to 1d", kText,
     "The longest pause between two tries of a node that does not answer. The pause doubles from the interval up to this.",
     [](Config& c, In t) { return set_duration(c.scrape.max_backoff, t, milliseconds(1000), kDay); },
     [](const Config& c) { return format_duration(c.scrape.max_backoff); }},
    {"scrape", "history", "duration, 1m to 1d", kText,
     "How far back the charts of the page look. Prometheus keeps what is older.",
     [](Config& c, In t) { return set_duration(c.scrape.history, t, milliseconds(60'000), kDay); },
     [](const Config& c) { return format_duration(c.scrape.history); }},

    {"store", "folder", "path", kText,
     "Where leases, boots and the journal are kept; made when it is not there. A relative path is relative to the folder "
     "of this file.",
     [](Config& c, In t) { return set_folder(c.store.folder, t); },
     [](const Config& c) { return c.store.folder; }},
    {"store", "survives_power_loss", "true or false", kText,
     "Whether a lease is on the disk before its client gets it. `false` spares a slow SD card one wait a lease; after a "
     "power cut the last leases may be forgotten then, and their addresses given to others.",
     [](Config& c, In t) { return set_switch(c.store.survives_power_loss, t); },
     [](const Config& c) { return show_switch(c.store.survives_power_loss); }},
    {"store", "journal_delay", "duration, 0 to 10m", kText,
     "How long boots, pending hosts and journal lines are gathered before they are written together.",
     [](Config& c, In t) { return set_duration(c.store.journal_delay, t, milliseconds(0), milliseconds(600'000)); },
     [](const Config& c) { return format_duration(c.store.journal_delay); }},
    {"store", "journal_entries", "whole number, 100 to 200000", kNumber,
     "How many events the journal keeps. The oldest are forgotten first.",
     [](Config& c, In t) { return set_number(c.store.journal_entries, t, kLeastEntries, kMostEntries); },
     [](const Config& c) { return concat(c.store.journal_entries); }},
    {"store", "journal_age", "duration, 1h to 3650d", kText,
     "How long the journal keeps them.",
     [](Config& c, In t) { return set_duration(c.store.journal_age, t, milliseconds(3'600'000), kDay * 3650); },
     [](const Config& c) { return format_duration(c.store.journal_age); }},

    {"phases", "quarantine_after", "whole number, 0 to 100", kNumber,
     "A node of which so many boots in a row came to nothing is called quarantined; 0: never.",
     [](Config& c, In t) { return set_number(c.phases.quarantine_after, t, 0, 100); },
     [](const Config& c) { return concat(c.phases.quarantine_after); }},
    {"phases", "boot_time", "duration, 10s to 1d", kText,
     "A node that is in one phase of its boot for longer (`dhcp`, `loading`, `booting`) is called stuck there. The largest "
     "boot files over the slowest wire should fit in.",
     [](Config& c, In t) { return set_duration(c.phases.boot_time, t, milliseconds(10'000), kDay); },
     [](const Config& c) { return format_duration(c.phases.boot_time); }},
    {"phases", "install_time", "duration, 10s to 1d", kText,
     "The same for the phases of an install: `hello`, `formatting`, `downloading`, `verifying`.",
     [](Config& c, In t) { return set_duration(c.phases.install_time, t, milliseconds(10'000), kDay); },
     [](const Config& c) { return format_duration(c.phases.install_time); }},

    {"netboot", "enabled", "true or false", kText,
     "Whether this manager boots nodes. Nothing below has an effect otherwise.",
     [](Config& c, In t) { return set_switch(c.netboot.enabled, t); },
     [](const Config& c) { return show_switch(c.netboot.enabled); }},
    {"netboot", "interfaces", "names with commas", kText,
     "The network interfaces on which nodes are, such as `eth0, eth1`. Must be set to boot nodes.",
     [](Config& c, In t) { return set_interfaces(c.netboot.interfaces, t); },
     [](const Config& c) { return show_list(c.netboot.interfaces); }},
    {"netboot", "root", "path", kText,
     "The boot files: `images/IMAGE`, `groups/GROUP`, `nodes/NAME`, and `assignments.csv` with `NODE;GROUP;IMAGE` lines. "
     "A relative path is relative to the folder of this file.",
     [](Config& c, In t) { return set_folder(c.netboot.root, t); },
     [](const Config& c) { return c.netboot.root; }},
    {"netboot", "console_port", "whole number, 0 to 65535", kNumber,
     "The UDP port on which lines from bootloaders (NETCONSOLE) are received; 0: none are.",
     [](Config& c, In t) { return set_number(c.netboot.console_port, t, 0, kMostPort); },
     [](const Config& c) { return concat(c.netboot.console_port); }},

    {"dhcp", "mode", "authoritative, server, proxy or off", kText,
     "`authoritative`: this is the only DHCP server on these wires. `server`: it gives addresses beside others and leaves "
     "their clients alone. `proxy`: another server gives the addresses, this one only says where to boot from.",
     [](Config& c, In t) { return set_choice(c.dhcp.mode, t, kDhcpModes); },
     [](const Config& c) { return show_choice(c.dhcp.mode, kDhcpModes); }},
    {"dhcp", "subnets", "networks with commas", kText,
     "The networks of the nodes, such as `192.168.1.0/24`; also those behind relays. Must be set, but in `proxy` mode.",
     [](Config& c, In t) { return set_networks(c.dhcp.subnets, t); },
     [](const Config& c) { return show_networks(c.dhcp.subnets); }},
    {"dhcp", "pools", "ranges with commas", kText,
     "Addresses for hosts that are not in the inventory, such as `192.168.1.100-192.168.1.199`; at most one range in each "
     "subnet.",
     [](Config& c, In t) { return set_ranges(c.dhcp.pools, t); },
     [](const Config& c) { return show_ranges(c.dhcp.pools); }},
    {"dhcp", "routers", "addresses with commas", kText,
     "The router of each subnet that has one.",
     [](Config& c, In t) { return set_addresses(c.dhcp.routers, t); },
     [](const Config& c) { return show_addresses(c.dhcp.routers); }},
    {"dhcp", "name_servers", "addresses with commas", kText,
     "The DNS servers that nodes are told of; at most 8.",
     [](Config& c, In t) { return set_addresses(c.dhcp.name_servers, t, kMostServers); },
     [](const Config& c) { return show_addresses(c.dhcp.name_servers); }},
    {"dhcp", "time_servers", "addresses with commas", kText,
     "The NTP servers that nodes are told of; at most 8.",
     [](Config& c, In t) { return set_addresses(c.dhcp.time_servers, t, kMostServers); },
     [](const Config& c) { return show_addresses(c.dhcp.time_servers); }},
    {"dhcp", "domain", "DNS domain", kText,
     "The domain that nodes are told of.",
     [](Config& c, In t) { return set_domain(c.dhcp.domain, t); },
     [](const Config& c) { return c.dhcp.domain; }},
    {"dhcp", "lease_time", "duration, 1m to 365d", kText,
     "How long an address is given for. Its client asks again after half of it.",
     [](Config& c, In t) { return set_duration(c.dhcp.lease_time, t, milliseconds(60'000), kDay * 365); },
     [](const Config& c) { return format_duration(c.dhcp.lease_time); }},
    {"dhcp", "unknown_hosts", "pending, pool or ignore", kText,
     "What becomes of hosts that are not in the inventory. `pending`: no address, but `piman hosts pending` shows them. "
     "`pool`: an address of a pool, and they are shown as well. `ignore`: nothing.",
     [](Config& c, In t) { return set_choice(c.dhcp.unknown_hosts, t, kUnknownHosts); },
     [](const Config& c) { return show_choice(c.dhcp.unknown_hosts, kUnknownHosts); }},
    {"dhcp", "server_address", "address", kText,
     "Where nodes find their boot files, when that is not this machine's address on their wire.",
     [](Config& c, In t) { return set_address(c.dhcp.server_address, t); },
     [](const Config& c) { return show_address(c.dhcp.server_address); }},
    {"dhcp", "port", "whole number, 1 to 65535", kNumber,
     "The UDP port of the server. Nodes ask at no other than 67: another one is for tests.",
     [](Config& c, In t) { return set_number(c.dhcp.port, t, 1, kMostPort); },
     [](const Config& c) { return concat(c.dhcp.port); }},
    {"dhcp", "proxy_port", "whole number, 1 to 65535", kNumber,
     "The UDP port at which PXE clients ask a proxy for more. They ask at no other than 4011: another one is for tests.",
     [](Config& c, In t) { return set_number(c.dhcp.proxy_port, t, 1, kMostPort); },
     [](const Config& c) { return concat(c.dhcp.proxy_port); }},

    {"tftp", "enabled", "true or false", kText,
     "Whether boot files are served over TFTP, where netboot is enabled.",
     [](Config& c, In t) { return set_switch(c.tftp.enabled, t); },
     [](const Config& c) { return show_switch(c.tftp.enabled); }},
    {"tftp", "port", "whole number, 1 to 65535", kNumber,
     "The UDP port of the server. Nodes ask at no other than 69: another one is for tests.",
     [](Config& c, In t) { return set_number(c.tftp.port, t, 1, kMostPort); },
     [](const Config& c) { return concat(c.tftp.port); }},
    {"tftp", "prefix", "path", kText,
     "Left away at the front of names, for nodes whose EEPROM sets `TFTP_PREFIX_STR`.",
     [](Config& c, In t) { return t.empty() ? Result<void>() : set_file(c.tftp.prefix, t); },
     [](const Config& c) { return c.tftp.prefix; }},
    {"tftp", "default_image", "name", kText,
     "The folder below `images/` for nodes that are assigned none.",
     [](Config& c, In t) { return set_path_part(c.tftp.default_image, t); },
     [](const Config& c) { return c.tftp.default_image; }},
    {"tftp", "unknown_clients", "serve or refuse", kText,
     "What becomes of clients whose address no node has: `serve` gives them the default image.",
     [](Config& c, In t) { return set_choice(c.tftp.unknown_clients, t, kUnknownClients); },
     [](const Config& c) { return show_choice(c.tftp.unknown_clients, kUnknownClients); }},
    {"tftp", "max_transfers", "whole number, 1 to 65536", kNumber,
     "At most how many files are on their way at the same moment; further requests are left to be repeated.",
     [](Config& c, In t) { return set_number(c.tftp.max_transfers, t, 1, kMostTransfers); },
     [](const Config& c) { return concat(c.tftp.max_transfers); }},
    {"tftp", "max_block_size", "size, 512B to 65464B", kText,
     "The largest block that is agreed to. More than 1468B does not fit into an Ethernet frame, and firmware can't join "
     "the parts.",
     [](Config& c, In t) { return set_size(c.tftp.max_block_bytes, t, kLeastBlock, kMostBlock); },
     [](const Config& c) { return concat(c.tftp.max_block_bytes, 'B'); }},
    {"tftp", "max_window", "whole number, 1 to 65535", kNumber,
     "The most blocks that are sent without waiting (RFC 7440), to clients that ask for it.",
     [](Config& c, In t) { return set_number(c.tftp.max_window_blocks, t, 1, kMostPort); },
     [](const Config& c) { return concat(c.tftp.max_window_blocks); }},
    {"tftp", "max_file_size", "size, 1KiB to 1024GiB", kText,
     "Larger files are not served.",
     [](Config& c, In t) { return set_size(c.tftp.max_file_bytes, t, 1024, kMostFileBytes); },
     [](const Config& c) { return show_size(c.tftp.max_file_bytes); }},

    {"http_boot", "listen_address", "address:port", kText,
     "Where boot files are served over HTTP, such as `:80`; bootloaders ask port 80. Empty: nowhere.",
     [](Config& c, In t) { return set_optional_listen_address(c.http_boot.listen_address, t); },
     [](const Config& c) { return show_optional_listen_address(c.http_boot.listen_address); }},
    {"http_boot", "path", "path", kText,
     "`HTTP_PATH` of the bootloaders: the folder of `boot.img` and `boot.sig` in what they ask for.",
     [](Config& c, In t) { return set_path_part(c.http_boot.path, t); },
     [](const Config& c) { return c.http_boot.path; }},
    {"http_boot", "threads", "whole number, 1 to 1024", kNumber,
     "How many nodes are served over HTTP at once; others wait.",
     [](Config& c, In t) { return set_number(c.http_boot.threads, t, 1, kMostThreads); },
     [](const Config& c) { return concat(c.http_boot.threads); }},

    {"install", "enabled", "true or false", kText,
     "Whether nodes are installed over the hello protocol, where netboot is enabled.",
     [](Config& c, In t) { return set_switch(c.install.enabled, t); },
     [](const Config& c) { return show_switch(c.install.enabled); }},
    {"install", "hello_port", "whole number, 1 to 65535", kNumber,
     "The TCP port at which nodes say what they are. An initramfs of the seed knows no other than 3333.",
     [](Config& c, In t) { return set_number(c.install.hello_port, t, 1, kMostPort); },
     [](const Config& c) { return concat(c.install.hello_port); }},
    {"install", "image_port", "whole number, 1 to 65535", kNumber,
     "The TCP port at which an initramfs of the seed takes its image. It knows no other than 4444.",
     [](Config& c, In t) { return set_number(c.install.image_port, t, 1, kMostPort); },
     [](const Config& c) { return concat(c.install.image_port); }},
    {"install", "images", "path", kText,
     "The image store, which `piman image` fills. A relative path is relative to the folder of this file.",
     [](Config& c, In t) { return set_folder(c.install.images, t); },
     [](const Config& c) { return c.install.images; }},
    {"install", "first", "auto or manual", kText,
     "`auto`: a node that was accepted with `piman hosts accept` and was never installed is installed with the default "
     "image when it says that it has no system. `manual`: only `piman reinstall` installs.",
     [](Config& c, In t) { return set_choice(c.install.first, t, kFirst); },
     [](const Config& c) { return show_choice(c.install.first, kFirst); }},
    {"install", "auto_format", "never or always", kText,
     "`always`: every node that says that it has no system is formatted, as the seed did; a card that fails once to "
     "mount is wiped then.",
     [](Config& c, In t) { return set_choice(c.install.auto_format, t, kAutoFormat); },
     [](const Config& c) { return show_choice(c.install.auto_format, kAutoFormat); }},
    {"install", "max_parallel", "whole number, 1 to 4096", kNumber,
     "At most how many nodes are installed at the same time; others wait for their turn.",
     [](Config& c, In t) { return set_number(c.install.max_parallel, t, 1, kMostInFlight); },
     [](const Config& c) { return concat(c.install.max_parallel); }},
    {"install", "max_parallel_per_switch", "whole number, 1 to 4096", kNumber,
     "The same for the nodes behind one switch.",
     [](Config& c, In t) { return set_number(c.install.max_parallel_per_switch, t, 1, kMostInFlight); },
     [](const Config& c) { return concat(c.install.max_parallel_per_switch); }},
    {"install", "order_lifetime", "duration, 1m to 30d", kText,
     "How long an order to install a node is good for, from when its turn comes.",
     [](Config& c, In t) { return set_duration(c.install.order_lifetime, t, milliseconds(60'000), kDay * 30); },
     [](const Config& c) { return format_duration(c.install.order_lifetime); }},
    {"install", "start_timeout", "duration, 10s to 1d", kText,
     "A node that was switched off and on, and does not ask for its install within this time, has failed.",
     [](Config& c, In t) { return set_duration(c.install.start_timeout, t, milliseconds(10'000), kDay); },
     [](const Config& c) { return format_duration(c.install.start_timeout); }},
    {"install", "health_timeout", "duration, 10s to 1d", kText,
     "A node that was installed or restarted, and whose agent does not answer within this time, has failed.",
     [](Config& c, In t) { return set_duration(c.install.health_timeout, t, milliseconds(10'000), kDay); },
     [](const Config& c) { return format_duration(c.install.health_timeout); }},

    {"power", "armed", "true or false", kText,
     "Off: whatever is asked for is decided, told and journalled, and no power is switched.",
     [](Config& c, In t) { return set_switch(c.power.armed, t); },
     [](const Config& c) { return show_switch(c.power.armed); }},
    {"power", "off_time", "duration, 1s to 1m", kText,
     "How long a node is without power when it is switched off and on.",
     [](Config& c, In t) { return set_duration(c.power.off_time, t, milliseconds(1000), milliseconds(60'000)); },
     [](const Config& c) { return format_duration(c.power.off_time); }},
    {"power", "cooldown", "duration, 1s to 1d", kText,
     "A node that was switched is left alone for so long, unless forced.",
     [](Config& c, In t) { return set_duration(c.power.cooldown, t, milliseconds(1000), kDay); },
     [](const Config& c) { return format_duration(c.power.cooldown); }},
    {"power", "most_off", "whole number, 1 to 4096", kNumber,
     "At most how many nodes are switched off at the same moment.",
     [](Config& c, In t) { return set_number(c.power.most_off, t, 1, kMostInFlight); },
     [](const Config& c) { return concat(c.power.most_off); }},
    {"power", "starting_time", "duration, 1s to 10m", kText,
     "For how long a node that was switched on counts as one that starts; `start_watts` of its switch bounds those.",
     [](Config& c, In t) { return set_duration(c.power.starting_time, t, milliseconds(1000), milliseconds(600'000)); },
     [](const Config& c) { return format_duration(c.power.starting_time); }},
    {"power", "starting_watts", "whole number, 1 to 100", kNumber,
     "What a node that starts draws.",
     [](Config& c, In t) { return set_number(c.power.starting_watts, t, 1, 100); },
     [](const Config& c) { return concat(c.power.starting_watts); }},

    {"log", "level", "debug, info, warn or error", kText,
     "The least important lines that are written. `--log.level` comes first.",
     [](Config& c, In t) { return set_level(c.log.level, t); },
     [](const Config& c) { return show_level(c.log.level); }},
    {"log", "format", "logfmt or json", kText,
     "How the lines look. `--log.format` comes first.",
     [](Config& c, In t) { return set_format(c.log.format, t); },
     [](const Config& c) { return std::string(c.log.format == LogFormat::kJson ? "json" : "logfmt"); }},

    {"links", "prometheus", "URL", kText, "Linked from the page when set.",
     [](Config& c, In t) { return set_url(c.links.prometheus, t); },
     [](const Config& c) { return c.links.prometheus; }},
    {"links", "alertmanager", "URL", kText, "Linked from the page when set.",
     [](Config& c, In t) { return set_url(c.links.alertmanager, t); },
     [](const Config& c) { return c.links.alertmanager; }},
    {"links", "grafana", "URL", kText, "Linked from the page when set.",
     [](Config& c, In t) { return set_url(c.links.grafana, t); },
     [](const Config& c) { return c.links.grafana; }},
}};
// clang-format on

}  // namespace

std::string ConfigKey::full_name() const { return section.empty() ? std::string(name) : concat(section, '.', name); }

std::span<const ConfigKey> config_keys() {
  // The web section stands in front of the inventory, the agents in front of the scrapes, the watch section in front of
  // the log.
  static const std::vector<ConfigKey> all = [] {
    std::vector<ConfigKey> keys(kKeys.begin(), kKeys.end());
    const auto insert_before = [&keys](std::string_view section, std::span<const ConfigKey> more) {
      const auto at =
          std::find_if(keys.begin(), keys.end(), [&](const ConfigKey& key) { return key.section == section; });
      keys.insert(at, more.begin(), more.end());
    };
    insert_before("log", watch_keys());
    insert_before("scrape", agent_keys());
    insert_before("inventory", web_keys());
    return keys;
  }();
  return all;
}

std::string_view config_section_help(std::string_view section) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 15> kHelp = {{
      {"web", "The HTTP server of the manager."},
      {"inventory", "Which nodes there are."},
      {"agents", "How the nodes are reached, and how they know who asks; docs/security.md."},
      {"scrape", "How the nodes are asked for their state."},
      {"store", "What the manager must not forget."},
      {"phases", "When a node is called stuck, and when quarantined."},
      {"netboot", "Booting nodes over the network."},
      {"dhcp", "Addresses, and where to boot from."},
      {"tftp", "The boot files."},
      {"http_boot", "The same boot files over HTTP."},
      {"install", "Putting a system on nodes' cards."},
      {"power", "Switching the power of nodes. The switches are a list, described below the table of all defaults."},
      {"watch",
       "When something counts as wrong with a node, and who is told; docs/watching.md. Some nodes may have thresholds "
       "of their own, described below the table of all defaults."},
      {"log", "What the manager writes to standard error."},
      {"links", "Other programs that the page leads to."},
  }};
  for (const auto& [name, help] : kHelp) {
    if (name == section) return help;
  }
  return {};
}

Result<void> override_listen_address(Config& config, std::string_view text) {
  const auto address = parse_listen_address(text);
  if (!address) return tl::unexpected<Error>(address.error());
  config.web.listen_address = *address;
  return {};
}

}  // namespace piman::manager
