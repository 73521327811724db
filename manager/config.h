// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/log.h"
#include "common/net_types.h"
#include "common/result.h"
#include "manager/fleet/phase.h"
#include "manager/ipv4_range.h"
#include "manager/power/power_config.h"
#include "manager/scrape/http_access.h"
#include "manager/watch/watch_config.h"

/// The manager's configuration: strict YAML in, values out, every problem with its line.
/// Units: std::chrono for times, bytes for sizes. Errors: problems are collected, none is thrown.
/// Thread-safety: plain values and pure functions, but for read_config().
namespace piman::manager {

struct Config {
  std::string site = "default";  ///< the `site` label of everything this manager says

  struct Web {
    HostPort listen_address{"127.0.0.1", 8080, false};
    std::string external_url;  ///< how Prometheus and people reach the manager; empty: http://listen_address
    int threads = 128;         ///< each browser that watches live holds one
    enum class ChangesFrom : std::uint8_t { kLoopback, kEverywhere };
    ChangesFrom changes_from = ChangesFrom::kLoopback;  ///< who may change something, such as accept a host
    std::string token_file;  ///< what orders need; empty: api.token in the store's folder, made by the server
    std::string users_file;  ///< who may log in by name; empty: nobody
    enum class ReadAccess : std::uint8_t { kEveryone, kLogin };
    ReadAccess read_access = ReadAccess::kEveryone;
    bool loopback_login = true;  ///< whether who comes from this machine needs a login, too
    std::string config_file;     ///< TLS and who may ask (common/http/web_config.h); empty: neither
    bool tls = false;            ///< no key: whether that file asks for TLS
  } web;

  struct Inventory {
    std::string hosts_file = "hosts.csv";  ///< made absolute against the configuration file's folder
  } inventory;

  struct Agents {
    std::uint16_t port = 3000;
    AccessSettings access;
    std::string ca_dir;  ///< of the CA that signs what installed nodes ask for; empty: they ask for nothing
  } agents;

  struct Scrape {
    std::chrono::milliseconds interval{15'000};
    std::chrono::milliseconds timeout{5'000};
    std::size_t max_in_flight = 64;
    std::size_t max_page_bytes = 16UL * 1024UL * 1024;
    std::size_t max_samples = 100'000;
    std::chrono::milliseconds max_backoff{120'000};  ///< the longest pause between tries of a dead node
    std::chrono::milliseconds history{3'600'000};    ///< how far the page's charts look back
  } scrape;

  struct Store {
    std::string folder = "state";  ///< made absolute against the configuration file's folder
    bool survives_power_loss = true;
    std::chrono::milliseconds journal_delay{5'000};  ///< how long boots and the journal are gathered before a write
    std::size_t journal_entries = 20'000;
    std::chrono::milliseconds journal_age{90L * 86'400'000};
  } store;

  PhaseRules phases;

  struct Netboot {
    bool enabled = false;
    std::vector<std::string> interfaces;  ///< to serve on
    std::string root = "boot";            ///< made absolute against the configuration file's folder
    std::uint16_t console_port = 6666;    ///< NETCONSOLE lines; 0: none are received
  } netboot;

  struct Dhcp {
    enum class Mode : std::uint8_t {
      kOff,
      kAuthoritative,  ///< the only DHCP server on these wires: tells clients to forget other servers' addresses
      kServer,         ///< gives addresses, and says nothing about those of others
      kProxy,          ///< another server gives addresses, this one only says where to boot from
    };
    enum class Unknown : std::uint8_t { kPending, kPool, kIgnore };
    Mode mode = Mode::kAuthoritative;
    std::vector<Ipv4Network> subnets;
    std::vector<Ipv4Range> pools;      ///< each inside one subnet
    std::vector<Ipv4Address> routers;  ///< each inside one subnet, at most one a subnet
    std::vector<Ipv4Address> name_servers, time_servers;
    std::string domain;
    std::chrono::milliseconds lease_time{12L * 3'600'000};
    Unknown unknown_hosts = Unknown::kPending;
    Ipv4Address server_address;  ///< where boot files are; 0.0.0.0: the address of the interface
    std::uint16_t port = 67, proxy_port = 4011;

    /// The subnet that an address is in; null: in none.
    const Ipv4Network* subnet_of(Ipv4Address address) const;
  } dhcp;

  struct Tftp {
    bool enabled = true;  ///< as part of netboot
    enum class Unknown : std::uint8_t { kServe, kRefuse };
    std::uint16_t port = 69;
    std::string prefix;  ///< left away at the front of names
    std::string default_image = "default";
    Unknown unknown_clients = Unknown::kServe;
    std::size_t max_transfers = 1024;
    std::size_t max_block_bytes = 1468;
    std::size_t max_window_blocks = 64;
    std::size_t max_file_bytes = 1UL << 30U;
  } tftp;

  struct HttpBoot {
    HostPort listen_address;           ///< port 0: no boot files over HTTP
    std::string path = "net_install";  ///< HTTP_PATH of the bootloaders
    int threads = 64;                  ///< transfers at the same time
  } http_boot;

  struct Install {
    bool enabled = true;  ///< as part of netboot
    std::uint16_t hello_port = 3333, image_port = 4444;
    std::string images = "images";  ///< the image store; made absolute against the configuration file's folder
    enum class First : std::uint8_t { kManual, kAuto };
    First first = First::kAuto;  ///< of nodes that were accepted through piman and never installed
    enum class AutoFormat : std::uint8_t { kNever, kAlways };
    AutoFormat auto_format = AutoFormat::kNever;
    std::size_t max_parallel = 64, max_parallel_per_switch = 16;
    std::chrono::milliseconds order_lifetime{24L * 3'600'000};
    std::chrono::milliseconds start_timeout{15L * 60'000};
    std::chrono::milliseconds health_timeout{10L * 60'000};
  } install;

  power::PowerConfig power;
  watch::WatchConfig watch;

  struct Log {
    LogLevel level = LogLevel::kInfo;
    LogFormat format = LogFormat::kLogfmt;
  } log;

  struct Links {  ///< shown on the page when not empty
    std::string prometheus;
    std::string alertmanager;
    std::string grafana;
  } links;
};

/// A problem in the file: "piman.yml:12: scrape.timeout: 30s is longer than scrape.interval 15s".
struct ConfigProblem {
  std::size_t line = 0;  ///< 1-based; 0 when the problem has no line
  std::string message;

  std::string to_string(std::string_view file) const;
};

struct ParsedConfig {
  Config config;
  std::vector<ConfigProblem> problems;  ///< all of them, in the order of their lines; the config is unusable if any
};

inline constexpr std::size_t kMostConfigBytes = 1024UL * 1024;

/// Pure: `yaml` is the text of the file, `folder` what relative paths in it are relative to.
/// Unknown keys, wrong types, duplicates, out-of-range values and bad durations are problems; never throws.
/// Anchors, aliases and tags are refused: nothing here needs them, and they are how small YAML becomes large.
ParsedConfig parse_config(std::string_view yaml, const std::string& folder);

/// Reads and parses a file; one that can't be read is a problem like any other.
ParsedConfig read_config(const std::string& path);

/// The reference of all keys as Markdown: what `piman config reference` prints and docs/configuration.md holds.
std::string render_config_reference();

/// Sets web.listen_address as the file does, for the command line. Errors name the offending value.
Result<void> override_listen_address(Config& config, std::string_view text);

/// How Prometheus and people reach the manager, without a trailing slash: web.external_url, else made of
/// web.listen_address. Where that is every address, of `request_host`, the Host header of whoever asks.
std::string external_url(const Config& config, std::string_view request_host);

/// "500ms", "15s", "2m", "1h30m", "7d" as Prometheus writes durations.
std::optional<std::chrono::milliseconds> parse_duration(std::string_view text);
/// The same the other way: 90000 ms is "1m30s".
std::string format_duration(std::chrono::milliseconds duration);

}  // namespace piman::manager
