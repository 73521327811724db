// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdio>
#include <functional>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "common/clock.h"
#include "common/mutex.h"

/// One line per event, logfmt (as Prometheus and its exporters write) or JSON. Levels: error is for a person to act on
/// now, warn for what degrades, info for what an operator wants to know afterwards, debug for the rest.
namespace piman {

enum class LogLevel { kDebug, kInfo, kWarn, kError };
enum class LogFormat { kLogfmt, kJson };

std::optional<LogLevel> parse_log_level(std::string_view text);
std::optional<LogFormat> parse_log_format(std::string_view text);

struct LogField {
  std::string_view key;
  std::string value;
};

/// Renders one line without its line end. Pure.
std::string render_log_line(LogFormat format, WallTime time, LogLevel level, std::string_view message,
                            std::span<const LogField> fields);
inline std::string render_log_line(LogFormat format, WallTime time, LogLevel level, std::string_view message,
                                   std::initializer_list<LogField> fields) {
  return render_log_line(format, time, level, message, std::span<const LogField>(fields.begin(), fields.size()));
}

/// Thread-safety: all methods may be called from any thread; lines never interleave.
class Logger {
 public:
  using Sink = std::function<void(std::string_view line)>;

  /// Writes to standard error.
  explicit Logger(LogLevel least = LogLevel::kInfo, LogFormat format = LogFormat::kLogfmt);
  /// Writes each line to `sink`, called under a lock: it must not log.
  Logger(LogLevel least, LogFormat format, Sink sink);

  bool enabled(LogLevel level) const { return level >= least_; }
  void log(LogLevel level, std::string_view message, std::initializer_list<LogField> fields = {});
  void debug(std::string_view message, std::initializer_list<LogField> fields = {}) {
    log(LogLevel::kDebug, message, fields);
  }
  void info(std::string_view message, std::initializer_list<LogField> fields = {}) {
    log(LogLevel::kInfo, message, fields);
  }
  void warn(std::string_view message, std::initializer_list<LogField> fields = {}) {
    log(LogLevel::kWarn, message, fields);
  }
  void error(std::string_view message, std::initializer_list<LogField> fields = {}) {
    log(LogLevel::kError, message, fields);
  }

 private:
  LogLevel least_;
  LogFormat format_;
  Mutex mutex_;
  Sink sink_ PIMAN_GUARDED_BY(mutex_);
};

}  // namespace piman
