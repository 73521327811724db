// SPDX-License-Identifier: Apache-2.0
#include "common/http/web_gate.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <utility>

#include "common/http/bcrypt.h"
#include "common/http/server.h"
#include "common/http/tls_library.h"
#include "common/text.h"
#include "common/unique_fd.h"

namespace piman::http {
namespace {

constexpr std::int64_t kSecondNs = 1'000'000'000;
constexpr std::int64_t kBetweenNotesNs = 60 * kSecondNs;

std::int64_t now_ns() { return std::chrono::nanoseconds(std::chrono::steady_clock::now().time_since_epoch()).count(); }

/// True for one caller, at most once in `period_ns`.
bool is_due(std::atomic<std::int64_t>& next_ns, std::int64_t period_ns) {
  const std::int64_t now = now_ns();
  std::int64_t due = next_ns.load(std::memory_order_relaxed);
  return now >= due && next_ns.compare_exchange_strong(due, now + period_ns);
}

Result<std::string> read_file(const std::string& path) {
  const UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));  // a FIFO must not hold us
  struct stat found {};
  if (!file.valid() || ::fstat(file.get(), &found) != 0) {
    return fail(concat(path, ": ", std::generic_category().message(errno)));
  }
  if (!S_ISREG(found.st_mode)) return fail(concat(path, ": not a regular file"));
  std::string text(kMostWebConfigBytes + 1, '\0');
  std::size_t size = 0;
  while (size < text.size()) {
    const ssize_t got = ::read(file.get(), text.data() + size, text.size() - size);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return fail(concat(path, ": ", std::generic_category().message(errno)));
    if (got == 0) break;
    size += static_cast<std::size_t>(got);
  }
  text.resize(size);
  return text;
}

std::string folder_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string::npos) return {};
  return slash == 0 ? "/" : path.substr(0, slash);
}

Result<ParsedWebConfig> read_web_config(const std::string& file) {
  const auto text = read_file(file);
  if (!text) return tl::unexpected<Error>(text.error());
  return parse_web_config(*text, folder_of(file));
}

Result<TlsContext> open_tls(const WebConfig& config) {
  if (!config.tls) return TlsContext();
  if (!server_has_tls()) {
    return fail(
        "tls_server_config: this build has no TLS; it needs civetweb's source package, which scripts/build gets");
  }
  const Result<TlsLibrary>& library = tls_library();
  if (!library) return tl::unexpected<Error>(library.error());
  return make_tls_context(*library, *config.tls);
}

Result<Credentials::Matches> open_passwords(const WebConfig& config) {
  return config.users.empty() ? Result<Credentials::Matches>(Credentials::Matches()) : load_bcrypt();
}

Response refusal(Admission admission, const WebConfig& config) {
  if (admission == Admission::kBusy) {
    Response busy = Response::text(429, "too many passwords to check; try again\n");
    busy.headers.emplace_back("Retry-After", "1");
    return busy;
  }
  Response response = Response::text(401, "Unauthorized\n");
  if (!config.users.empty()) response.headers.emplace_back("WWW-Authenticate", "Basic realm=\"piman\"");
  if (!config.tokens.empty()) response.headers.emplace_back("WWW-Authenticate", "Bearer realm=\"piman\"");
  return response;
}

}  // namespace

Result<std::unique_ptr<WebGate>> WebGate::open(const std::string& file, int threads, AlsoAdmits also_admits,
                                               Logger& log) {
  std::unique_ptr<WebGate> gate(new WebGate(file, threads, std::move(also_admits), log));
  const MutexLock looking(gate->looking_);
  const Mark before = mark_of(file);
  auto state = gate->read();
  if (!state) return tl::unexpected<Error>(state.error());
  gate->marks_ = marks_of(file, state->config);
  gate->marks_.front() = before;  // a change while it was read is one to come
  const MutexLock lock(gate->mutex_);
  gate->state_ = std::make_shared<State>(std::move(*state));
  return gate;
}

TlsContext WebGate::tls_context() {
  reload_if_changed();
  return state()->tls;
}

std::optional<Response> WebGate::refuse(const Request& request) {
  reload_if_changed();
  const std::shared_ptr<State> present = state();
  if (!present->config.needs_credentials()) return std::nullopt;
  if (also_admits_ && also_admits_(request)) return std::nullopt;
  const Admission admission =
      present->credentials->check(request.header("Authorization"), std::chrono::steady_clock::now());
  if (admission == Admission::kAdmitted) return std::nullopt;
  note_refused(request);
  return refusal(admission, present->config);
}

void WebGate::reload() {
  const MutexLock looking(looking_);
  marks_.clear();
  replace();
}

WebGate::Mark WebGate::mark_of(const std::string& path) {
  Mark mark{path};
  struct stat found {};
  if (::stat(path.c_str(), &found) != 0) return mark;
  mark.inode = found.st_ino;
  mark.size = static_cast<std::uint64_t>(found.st_size);
  mark.changed_ns = found.st_mtim.tv_sec * kSecondNs + found.st_mtim.tv_nsec;
  return mark;
}

std::vector<WebGate::Mark> WebGate::marks_of(const std::string& file, const WebConfig& config) {
  std::vector<Mark> marks = {mark_of(file)};
  if (config.tls) {
    for (const std::string* path : {&config.tls->cert_file, &config.tls->key_file, &config.tls->client_ca_file}) {
      if (!path->empty()) marks.push_back(mark_of(*path));
    }
  }
  return marks;
}

Result<WebGate::State> WebGate::read() const {
  auto parsed = read_web_config(file_);
  if (!parsed) return tl::unexpected<Error>(parsed.error());
  if (!parsed->problems.empty()) return fail(concat(file_, ": ", parsed->problems.front()));
  State state{std::move(parsed->config), {}, {}};
  auto tls = open_tls(state.config);
  if (!tls) return fail_with(file_, tls.error());
  auto matches = open_passwords(state.config);
  if (!matches) return fail_with(file_, matches.error());
  state.tls = std::move(*tls);
  state.credentials = std::make_unique<Credentials>(state.config.users, state.config.tokens, std::move(*matches),
                                                    static_cast<std::size_t>(std::max(threads_ / 2, 1)));
  return state;
}

void WebGate::reload_if_changed() {
  if (!is_due(next_look_ns_, kSecondNs)) return;
  const MutexLock looking(looking_);
  std::vector<Mark> now;
  now.reserve(marks_.size());
  for (const Mark& mark : marks_) now.push_back(mark_of(mark.path));
  if (now == marks_) return;
  marks_ = std::move(now);
  replace();
}

void WebGate::replace() {
  const std::shared_ptr<State> old = state();
  const Mark before = mark_of(file_);
  auto read_now = read();
  if (read_now && read_now->config.tls.has_value() != old->config.tls.has_value()) {
    read_now = fail(concat(file_, ": tls_server_config can't come or go while the server runs; restart it"));
  }
  marks_ = marks_of(file_, read_now ? read_now->config : old->config);
  marks_.front() = before;
  if (!read_now) {
    log_.error("web configuration not taken; what was in force stays", {{"err", read_now.error().message}});
    return;
  }
  log_.info("web configuration read again", {{"file", file_}});
  const MutexLock lock(mutex_);
  state_ = std::make_shared<State>(std::move(*read_now));
}

/// Guessing is worth a line, but not one a guess.
void WebGate::note_refused(const Request& request) {
  refused_.fetch_add(1, std::memory_order_relaxed);
  if (!is_due(next_note_ns_, kBetweenNotesNs)) return;
  log_.warn("requests without valid credentials refused",
            {{"count", concat(refused_.exchange(0))}, {"last_from", request.remote_address}, {"path", request.path}});
}

std::shared_ptr<WebGate::State> WebGate::state() const {
  const MutexLock lock(mutex_);
  return state_;
}

CheckedWebConfig check_web_config(const std::string& file) {
  CheckedWebConfig checked;
  auto parsed = read_web_config(file);
  if (!parsed) {
    checked.problems.push_back(parsed.error().message);
    return checked;
  }
  checked.has_tls = parsed->config.tls.has_value();
  const auto add = [&](const std::string& problem) { checked.problems.push_back(concat(file, ": ", problem)); };
  for (const std::string& problem : parsed->problems) add(problem);
  if (!checked.problems.empty()) return checked;
  if (auto tls = open_tls(parsed->config); !tls) add(tls.error().message);
  if (auto passwords = open_passwords(parsed->config); !passwords) add(passwords.error().message);
  return checked;
}

}  // namespace piman::http
