// SPDX-License-Identifier: Apache-2.0
#include "common/log.h"

#include <array>
#include <ctime>
#include <utility>

#include "common/text.h"

namespace piman {
namespace {

constexpr std::array<std::string_view, 4> kLevels = {"debug", "info", "warn", "error"};

std::string_view level_name(LogLevel level) { return kLevels[static_cast<std::size_t>(level)]; }

std::string timestamp(WallTime time) {
  const auto whole = std::chrono::floor<std::chrono::seconds>(time);
  const auto millis = std::chrono::duration_cast<std::chrono::milliseconds>(time - whole);
  const std::time_t seconds = std::chrono::system_clock::to_time_t(whole);
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  char text[40];
  const std::size_t length = std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &parts);
  char fraction[16];
  std::snprintf(fraction, sizeof fraction, ".%03dZ", static_cast<int>(millis.count()));
  return std::string(text, length) + fraction;
}

/// Escapes for a double-quoted string of either format; what is not UTF-8 is replaced.
void append_quoted(std::string& out, std::string_view text) {
  constexpr std::string_view kHex = "0123456789abcdef";
  const std::string clean = to_valid_utf8(text);
  out.push_back('"');
  for (const char c : clean) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out.push_back('\\');
      out.push_back(c);
    } else if (c == '\n') {
      out += "\\n";
    } else if (byte < 0x20 || byte == 0x7F) {
      out += "\\u00";
      out.push_back(kHex[byte >> 4U]);
      out.push_back(kHex[byte & 0x0FU]);
    } else {
      out.push_back(c);
    }
  }
  out.push_back('"');
}

void append_logfmt_value(std::string& out, std::string_view value) {
  bool plain = !value.empty();
  for (const char c : value) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte <= 0x20 || byte >= 0x7F || c == '"' || c == '=' || c == '\\') plain = false;
  }
  if (plain) {
    out += value;
  } else {
    append_quoted(out, value);
  }
}

void append_json_field(std::string& out, std::string_view key, std::string_view value) {
  out += out.size() > 1 ? "," : "";
  append_quoted(out, key);
  out.push_back(':');
  append_quoted(out, value);
}

}  // namespace

std::optional<LogLevel> parse_log_level(std::string_view text) {
  for (std::size_t i = 0; i < kLevels.size(); ++i) {
    if (kLevels[i] == text) return static_cast<LogLevel>(i);
  }
  return std::nullopt;
}

std::optional<LogFormat> parse_log_format(std::string_view text) {
  if (text == "logfmt") return LogFormat::kLogfmt;
  if (text == "json") return LogFormat::kJson;
  return std::nullopt;
}

std::string render_log_line(LogFormat format, WallTime time, LogLevel level, std::string_view message,
                            std::span<const LogField> fields) {
  std::string line;
  if (format == LogFormat::kJson) {
    line = "{";
    append_json_field(line, "ts", timestamp(time));
    append_json_field(line, "level", level_name(level));
    append_json_field(line, "msg", message);
    for (const LogField& field : fields) append_json_field(line, field.key, field.value);
    return line + "}";
  }
  line = concat("ts=", timestamp(time), " level=", level_name(level), " msg=");
  append_logfmt_value(line, message);
  for (const LogField& field : fields) {
    line.push_back(' ');
    line += field.key;
    line.push_back('=');
    append_logfmt_value(line, field.value);
  }
  return line;
}

Logger::Logger(LogLevel least, LogFormat format)
    : Logger(least, format, [](std::string_view line) {
        std::string out(line);
        out.push_back('\n');
        std::fwrite(out.data(), 1, out.size(), stderr);
      }) {}

Logger::Logger(LogLevel least, LogFormat format, Sink sink) : least_(least), format_(format), sink_(std::move(sink)) {}

void Logger::log(LogLevel level, std::string_view message, std::initializer_list<LogField> fields) {
  if (!enabled(level)) return;
  const std::string line = render_log_line(format_, std::chrono::system_clock::now(), level, message, fields);
  const MutexLock lock(mutex_);
  sink_(line);
}

}  // namespace piman
