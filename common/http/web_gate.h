// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/clock.h"
#include "common/http/credentials.h"
#include "common/http/tls_context.h"
#include "common/http/web_config.h"
#include "common/http_types.h"
#include "common/log.h"
#include "common/mutex.h"
#include "common/result.h"

/// The web configuration of a server at work: whom it lets in and what its connections are made from. Certificates,
/// keys and users are read again when their files change, which is looked for when somebody connects or asks, at most
/// once a second: a server that nobody asks does not wake for it. What can't be used is logged, and what was in force
/// stays in force.
/// Thread-safety: all but open() may be called from any thread.
namespace piman::http {

class WebGate {
 public:
  /// Whether a request that has no credentials of the file may pass nevertheless.
  using AlsoAdmits = std::function<bool(const Request&)>;

  /// `threads` of the server, of which at most half are given to passwords. `log` must outlive the gate.
  /// Errors: "FILE: line 3: ..."; the first problem of it, or of a file that it names.
  static Result<std::unique_ptr<WebGate>> open(const std::string& file, int threads, AlsoAdmits also_admits,
                                               Logger& log);

  bool has_tls() const { return state()->config.tls.has_value(); }
  /// For the next connection. REQUIRES: has_tls().
  TlsContext tls_context();
  /// The answer to a request that may not pass; nothing: it may.
  std::optional<Response> refuse(const Request& request);
  /// Headers that every answer carries.
  Headers headers() const { return state()->config.headers; }
  /// Reads all of it now.
  void reload();

 private:
  struct State {
    WebConfig config;
    TlsContext tls;
    std::unique_ptr<Credentials> credentials;
  };
  /// Tells one content of a file from the next.
  struct Mark {
    std::string path;
    std::uint64_t inode = 0, size = 0;
    std::int64_t changed_ns = 0;
    bool operator==(const Mark&) const = default;
  };

  WebGate(std::string file, int threads, AlsoAdmits also_admits, Logger& log)
      : file_(std::move(file)), threads_(threads), also_admits_(std::move(also_admits)), log_(log) {}
  static Mark mark_of(const std::string& path);
  static std::vector<Mark> marks_of(const std::string& file, const WebConfig& config);
  Result<State> read() const;
  void reload_if_changed() PIMAN_EXCLUDES(looking_);
  void replace() PIMAN_REQUIRES(looking_);
  void note_refused(const Request& request);
  std::shared_ptr<State> state() const PIMAN_EXCLUDES(mutex_);

  const std::string file_;
  const int threads_;
  const AlsoAdmits also_admits_;
  Logger& log_;
  std::atomic<std::int64_t> next_look_ns_{0};  ///< of the steady clock
  std::atomic<std::int64_t> next_note_ns_{0};
  std::atomic<std::uint64_t> refused_{0};  ///< since the last note
  Mutex looking_;
  std::vector<Mark> marks_ PIMAN_GUARDED_BY(looking_);
  mutable Mutex mutex_;
  std::shared_ptr<State> state_ PIMAN_GUARDED_BY(mutex_);
};

struct CheckedWebConfig {
  bool has_tls = false;
  std::vector<std::string> problems;  ///< of the file and of those that it names, one line each; none: it can be used
};
CheckedWebConfig check_web_config(const std::string& file);

}  // namespace piman::http
