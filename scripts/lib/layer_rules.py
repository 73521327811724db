# SPDX-License-Identifier: Apache-2.0
"""The architecture as data, read by scripts/check_layers. The reasons stand in ARCHITECTURE.md."""
import re

# Which folders (or single headers) the files of a folder may include, beside their own. The longest matching folder
# counts; a folder does not bring its subfolders along.
MAY_INCLUDE = {
    "common": [],
    "common/http": ["common"],
    "netboot": ["common", "netboot/dhcp", "netboot/tftp", "netboot/install"],
    "netboot/boot": ["common"],
    "netboot/dhcp": ["common", "netboot"],
    "netboot/tftp": ["common", "netboot"],
    "netboot/install": ["common", "netboot"],
    "node-agent": ["common", "common/http", "node-agent/collectors"],
    "node-agent/collectors": ["common", "node-agent"],  # what several collectors read with; see EXCEPT
    "manager": ["common", "common/http", "netboot", "netboot/dhcp", "netboot/tftp", "netboot/boot", "netboot/install",
                "manager/fleet",
                "manager/store", "manager/boots", "manager/boot_image", "manager/http_boot", "manager/scrape",
                "manager/watch", "manager/power", "manager/orders", "manager/images", "manager/api", "manager/web", "manager/ca",
                "manager/backup", "manager/init"],
    # It knows the configuration by its table of keys, and asks a wire by netboot's means.
    "manager/init": ["common", "netboot/dhcp/server_query.h", "netboot/dhcp/server_search.h", "manager/config.h", "manager/config_keys.h",
                     "manager/ipv4_range.h", "manager/api_command.h", "manager/new_file.h", "manager/terminal.h"],
    "manager/fleet": ["common"],
    # What was told must be on the disk before it is told: alerts are the store's rows.
    "manager/watch": ["common", "manager/fleet", "manager/store"],
    # manager/config.h is plain values: what configures these two needs no second set of structs. Its YAML stays away.
    "manager/scrape": ["common", "manager/fleet", "manager/config.h"],
    # Switches are slow: actions.h is the thread that waits for them.
    "manager/power": ["common", "manager/fleet/node.h", "manager/actions.h"],
    # The store keeps what netboot must not forget: it implements netboot/dhcp/lease_store.h.
    "manager/store": ["common", "manager/fleet", "netboot", "netboot/dhcp/lease.h", "netboot/dhcp/lease_store.h"],
    # What the store gives is what installs take.
    "manager/ca": ["common"],
    # A backup is made of what the configuration names and of a copy of the store.
    "manager/backup": ["common", "manager/config.h", "manager/store", "manager/fleet/text_file.h",
                       "manager/images/sha256.h"],
    "manager/images": ["common", "netboot/install/orders.h"],
    # fleet/phase.h is plain values: how far a boot has come is one of the facts that phases follow from.
    "manager/boots": ["common", "netboot", "manager/store", "manager/fleet/phase.h"],
    # Orders stand between who asks (the API), what remembers (the store) and what acts (installer, switches).
    "manager/orders": ["common", "netboot", "netboot/install/orders.h", "manager/fleet", "manager/store",
                       "manager/power"],
    "manager/boot_image": ["common", "netboot/boot"],
    "manager/http_boot": ["common", "common/http", "netboot", "netboot/tftp", "netboot/install/orders.h"],
    "manager/web": ["common"],
    "manager/api": ["common", "common/http", "netboot/hosts.h", "netboot/dhcp/lease.h", "netboot/install/orders.h", "manager/boots", "manager/fleet", "manager/orders",
                    "manager/scrape", "manager/store", "manager/watch", "manager/web", "manager/config.h", "manager/self_metrics.h", "manager/actions.h"],
}

# Headers of ours that a folder may not use although it may use the folder that they are in.
EXCEPT = {
    "node-agent/collectors": ["common/own_metrics.h", "common/log.h", "node-agent/web.h", "node-agent/options.h",
                              "node-agent/all_collectors.h", "node-agent/collector_set.h", "node-agent/event_source.h"],
    "netboot": ["common/own_metrics.h", "common/mutex.h"],
}

# Files that decide: bytes and values in, values out. No sockets, threads, clocks, logs, files.
# One folder a line.
PURE = [
    r"common/(plain_yaml|sha256)",
    r"common/http/(message_length|web_config)",
    r"netboot/console",
    r"netboot/boot/model_files",
    r"netboot/dhcp/(packet|options|client_model|responder|lease_table|reply_route|address_pool|reply_builder|lease|drop|config|"
    r"server_query|udp_frame)",
    r"netboot/tftp/(packet|options|transfer|boot_tree|boot_template|netascii|request_rate)",
    r"netboot/install/(orders|protocol|session|slots)",
    r"manager/backup/archive_format",
    r"manager/boot_image/(fat_plan|signature_text)",
    r"manager/boots/(boot|boot_codec|boot_log|pending_hosts|diagnosis)",
    r"manager/fleet/phase",
    r"manager/ca/ledger",
    r"manager/images/(archive_format|archive_rules|image_index|image_name)",
    r"manager/init/(interview|plan|socket_table)",
    r"manager/orders/(order_book|order_book_installs|order_metrics)",
    r"manager/power/power_policy",
    r"manager/store/(order_records|wal_check|watch_records)",
    r"manager/scrape/scrape_plan",
    r"manager/watch/(alert_book|condition|digest|node_facts|outbox|payloads|thresholds|watch_config|watch_metrics)",
    r"node-agent/(netlink_codec|wifi_messages)",
    r"tests/pisim/(boot_plan|dhcp_client|dhcp_message|file_loader|finding|frame|identity|link|model|relay|report|sha256|"
    r"tftp_client|virtual_pi)",
]
PURE_FILES = re.compile(r"^(" + "|".join(PURE) + r")\.(h|cc)$")
PURE_FORBIDDEN_INCLUDES = re.compile(
    r"^(sys/|netinet/|arpa/|net/|unistd\.h|fcntl\.h|poll\.h|thread$|mutex$|condition_variable$|fstream$|iostream$|"
    r"filesystem$|boost/|common/(log|mutex|shutdown|unique_fd|host_files|own_metrics)\.h|netboot/asio\.h)")

# Third-party headers and the only files that may include them. Tests may include any of them.
HOMES = {
    r"civetweb\.h|CivetServer\.h": ["common/http/server.cc"],
    r"nlohmann/.*": ["common/event.cc", "manager/image_json.cc", "manager/init/report_json.cc", "manager/backup_json.cc",
                        "manager/api/json.cc", "manager/api/boot_json.cc",
                        "manager/api/fleet_object.h", "manager/api/live_json.cc", "manager/api/listing_json.cc",
                        "manager/api/session_json.cc",
                        "manager/api/order_json.cc", "manager/api/watch_json.cc", "manager/api/event_json.cc",
                        "manager/watch/payloads.cc"],
    # No I/O, only counters: where each program counts for itself.
    r"prometheus/.*": ["common/own_metrics.h", "common/own_metrics.cc", "manager/self_metrics.h",
                       "manager/self_metrics.cc", "manager/netboot_metrics.cc",
                       "node-agent/web.h", "node-agent/web.cc"],
    r"tl/expected\.hpp": ["common/result.h"],
    # Pages are made with libdeflate, in one piece. Images come in a stream, which it can't read.
    r"libdeflate\.h": ["common/gzip.cc"],
    r"zlib\.h": ["manager/images/gunzip.cc"],
    r"archive(_entry)?\.h": ["manager/images/archive_reader.cc"],
    # Two tasks that share nothing: a thousand agents by address, without names, TLS and proxies; and a handful of URLs
    # outside with all of them.
    r"curl/.*": ["manager/scrape/http_client.cc", "manager/scrape/http_transfer.h", "manager/scrape/http_transfer.cc",
                "manager/watch/web_post.cc"],
    r"yaml-cpp/.*": ["manager/config.cc"],
    r"boost/.*": ["netboot/asio.h", "netboot/asio.cc"],
    r"crypt\.h": ["manager/api/password.cc"],
    r"sqlite3\.h": ["manager/store/database.cc"],
    r"net-snmp/.*": ["manager/power/snmp_poe.cc"],
    r"cap-ng\.h": ["manager/privileges.cc"],
    r"openssl/.*": ["manager/boot_image/signature.cc", "manager/images/sha256.cc", "manager/ca/openssl_parts.h"],
    r"(gtest|gmock)/.*": [],
}

# What the C++ library, POSIX and Linux bring, and so needs no home.
SYSTEM_HEADER = re.compile(
    r"^[a-z_0-9]+$|^(sys|net|netinet|netpacket|arpa|linux|asm)/[a-z0-9_/.-]+\.h$|"
    r"^(unistd|fcntl|poll|signal|errno|dirent|dlfcn|endian|getopt|ifaddrs|mntent|netdb|pthread|pwd|grp|sched|spawn|syslog|termios|"
    r"time|limits|regex|malloc|mcheck|glob|fnmatch|utmpx)\.h$")

# Words that no source may hold: (name, pattern, where it is looked for, where it is allowed, why).
OURS = r"^(common|node-agent|netboot|manager)/"
FORBIDDEN = [
    ("host-path", r'"/(proc|sys)\b', OURS, r"^common/host_paths\.h$",
     'only common/host_paths.h spells "/proc" and "/sys"'),
    ("throwing-parse", r"\bsto(i|l|ll|ul|ull|f|d|ld)\s*\(", OURS, None,
     "throws on bad input: use the parsers of common/text.h"),
    ("throwing-parse", r"\bjson::parse\s*\((?![^;]*,\s*nullptr\s*,\s*false\s*[,)])", OURS, None,
     "throws on bad input: json::parse(text, nullptr, false)"),
    ("language", r"\bstd::(format|expected|source_location|views)\b|\bco_(await|yield|return)\b", OURS + "|^tests/", None,
     "not in both of the compilers that piman supports"),
    ("language", r"#include <(format|expected|source_location|coroutine)>", OURS + "|^tests/", None,
     "not in both of the compilers that piman supports"),
    ("language", r"#include <cassert>|\bassert\s*\(", OURS, None,
     "PIMAN_CHECK for bugs, a Result for input"),
    ("dangling-range", r"\bfor\s*\([^;{}]*:\s*[^;{})]*\bsnapshot\(\)->", OURS + "|^tests/", None,
     "what the range is part of ends before the loop begins: give it a name first"),
    # A collector that hangs in the kernel cannot be joined: its thread is given up, and only there.
    ("thread", r"\bstd::thread\b|\.detach\(\)", OURS, r"^node-agent/collector_set\.cc$",
     "std::jthread: a thread has an owner and ends with it"),
    ("collector-acts", r"\b(popen|system|fork|execv[pe]*|execl[pe]*|posix_spawnp?|unlink|mkdir|rename)\s*\(|\bstd::ofstream\b",
     r"^node-agent/collectors/", None, "a collector reads; it runs nothing and writes nothing"),
    # A misunderstanding that an instrument shares with what it measures proves itself.
    ("independence", r'#include "(?!tests/(pisim|support)/|common/(text|net_types|result|flags)\.h")', r"^tests/pisim/", None,
     "pisim shares no code with what it tests"),
    ("pure-clock", r"\bnow\s*\(\s*\)|\b(time|clock_gettime|gettimeofday)\s*\(", PURE_FILES.pattern, None,
     "a file that decides gets the time as an argument"),
]

SOFT_LINES = {".cc": 300, ".h": 120}
HARD_LINES = 450
