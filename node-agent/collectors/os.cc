// SPDX-License-Identifier: Apache-2.0
#include "node-agent/collectors/os.h"

#include <sys/stat.h>

#include <array>
#include <optional>
#include <utility>

#include "common/host_files.h"
#include "common/text.h"

namespace piman::agent {
namespace {

using prom_text::Family;
using prom_text::Labels;
using prom_text::Type;

bool is_name_character(char c, bool first) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_' || (!first && c >= '0' && c <= '9');
}

/// A value as a shell would read it, without expansions; nothing when a quote is not closed or more follows.
std::optional<std::string> unquoted(std::string_view text) {
  std::string out;
  char quote_mark = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (quote_mark != 0 && c == quote_mark) {
      quote_mark = 0;
    } else if (quote_mark == 0 && (c == '"' || c == '\'')) {
      quote_mark = c;
    } else if (quote_mark == 0 && (c == ' ' || c == '\t')) {
      const std::string_view rest = trim(text.substr(i));
      if (!rest.empty() && !rest.starts_with('#')) return std::nullopt;
      break;
    } else if (quote_mark != '\'' && c == '\\') {
      if (++i == text.size()) return std::nullopt;
      out.push_back(text[i]);
    } else {
      out.push_back(c);
    }
  }
  if (quote_mark != 0) return std::nullopt;
  return out;
}

class OsCollector final : public Collector {
 public:
  explicit OsCollector(const CollectorContext& context)
      : paths_{context.paths.root("/etc/os-release"), context.paths.root("/usr/lib/os-release")} {}

  Result<Outcome> collect(prom_text::Writer& out) override {
    for (const std::string& path : paths_) {
      struct ::stat status {};
      if (::stat(path.c_str(), &status) != 0) continue;
      // It changes with an upgrade only: read anew when its time or its file is another.
      const Identity identity{path, status.st_ino, status.st_mtim.tv_sec, status.st_mtim.tv_nsec};
      if (known_ != identity) {
        known_.reset();
        if (const auto problem = read(path)) return fail(*problem);
        known_ = identity;
      }
      out.family(info_);
      out.sample(info_labels_, std::uint64_t{1});
      if (version_ > 0) {
        out.family(version_family_);
        out.sample(version_labels_, version_);
      }
      return Outcome::kCollected;
    }
    return Outcome::kAbsent;
  }

 private:
  struct Identity {
    std::string path;
    ::ino_t inode;
    ::time_t seconds;
    long nanoseconds;
    bool operator==(const Identity&) const = default;
  };

  /// The problem, when there is one.
  std::optional<std::string> read(const std::string& path) {
    const auto content = read_host_file(path);
    if (!content) return content.error().message;
    const auto release = parse_os_release(*content);
    if (!release) return concat(path, ": ", release.error().message);
    const auto value = [&](std::string_view key) {
      const auto found = release->find(key);
      return found == release->end() ? std::string_view() : std::string_view(found->second);
    };
    info_labels_ = Labels({{"build_id", value("BUILD_ID")},
                           {"id", value("ID")},
                           {"id_like", value("ID_LIKE")},
                           {"image_id", value("IMAGE_ID")},
                           {"image_version", value("IMAGE_VERSION")},
                           {"name", value("NAME")},
                           {"pretty_name", value("PRETTY_NAME")},
                           {"variant", value("VARIANT")},
                           {"variant_id", value("VARIANT_ID")},
                           {"version", value("VERSION")},
                           {"version_codename", value("VERSION_CODENAME")},
                           {"version_id", value("VERSION_ID")}});
    version_labels_ = Labels({{"id", value("ID")}, {"id_like", value("ID_LIKE")}, {"name", value("NAME")}});
    version_ = leading_version(value("VERSION_ID"));
    return std::nullopt;
  }

  const std::array<std::string, 2> paths_;
  std::optional<Identity> known_;
  Labels info_labels_, version_labels_;
  double version_ = 0;
  const Family info_{"node_os_info", Type::kGauge, "Always 1; the labels hold what os-release says."};
  const Family version_family_{"node_os_version", Type::kGauge, "Version of the operating system."};
};

}  // namespace

Result<OsRelease> parse_os_release(std::string_view content) {
  OsRelease release;
  while (!content.empty()) {
    const std::string_view text = next_line(content);
    std::string_view line = trim(text);
    if (line.empty() || line.starts_with('#')) continue;
    const std::string_view key = next_until(line, '=');
    bool is_name = !key.empty() && key.size() < trim(text).size();
    for (std::size_t i = 0; i < key.size(); ++i) is_name = is_name && is_name_character(key[i], i == 0);
    auto value = unquoted(line);
    if (!is_name || !value) return fail(concat("not an assignment: ", quote(text)));
    release.insert_or_assign(std::string(key), std::move(*value));
  }
  return release;
}

double leading_version(std::string_view version) {
  std::size_t length = 0;
  bool dot = false;
  while (length < version.size()) {
    const char c = version[length];
    const bool digit = c >= '0' && c <= '9';
    const bool first_dot = c == '.' && !dot && length > 0;
    if (!digit && !first_dot) break;
    dot = dot || first_dot;
    ++length;
  }
  if (length > 0 && version[length - 1] == '.') --length;
  return parse_double(version.substr(0, length)).value_or(0);
}

Result<std::unique_ptr<Collector>> make_os_collector(const CollectorContext& context) {
  return std::make_unique<OsCollector>(context);
}

}  // namespace piman::agent
