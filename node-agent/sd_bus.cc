// SPDX-License-Identifier: Apache-2.0
#include <dlfcn.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <system_error>
#include <utility>

#include "common/text.h"
#include "node-agent/systemd_bus.h"

// As declared in systemd/sd-bus.h, of which this file needs no more: the package with the header is not needed to
// build.
extern "C" {
struct sd_bus;
struct sd_bus_message;
struct sd_bus_error {
  const char* name;
  const char* message;
  int need_free;
};
}

namespace piman::agent {
namespace {

constexpr const char* kLibrary = "libsystemd.so.0";
constexpr const char* kService = "org.freedesktop.systemd1";
constexpr const char* kManagerPath = "/org/freedesktop/systemd1";
constexpr const char* kManagerInterface = "org.freedesktop.systemd1.Manager";
/// A scrape asks some dozens of questions: none may take long.
constexpr std::uint64_t kCallTimeoutMicroseconds = 2'000'000;

/// The functions of libsystemd that are used.
struct Library {
  int (*open_system)(sd_bus**) = nullptr;
  sd_bus* (*flush_close_unref)(sd_bus*) = nullptr;
  int (*set_method_call_timeout)(sd_bus*, std::uint64_t) = nullptr;
  int (*process)(sd_bus*, sd_bus_message**) = nullptr;
  int (*call_method)(sd_bus*, const char*, const char*, const char*, const char*, sd_bus_error*, sd_bus_message**,
                     const char*, ...) = nullptr;
  int (*message_enter)(sd_bus_message*, char, const char*) = nullptr;
  int (*message_read)(sd_bus_message*, const char*, ...) = nullptr;
  sd_bus_message* (*message_unref)(sd_bus_message*) = nullptr;
  int (*property_text)(sd_bus*, const char*, const char*, const char*, const char*, sd_bus_error*, char**) = nullptr;
  int (*property_trivial)(sd_bus*, const char*, const char*, const char*, const char*, sd_bus_error*, char,
                          void*) = nullptr;
  void (*error_free)(sd_bus_error*) = nullptr;

  /// The name of the first function that is missing; null when all are there.
  const char* load(void* handle) {
    const char* missing = nullptr;
    const auto find = [&](auto& function, const char* name) {
      void* const found = ::dlsym(handle, name);
      if (found == nullptr && missing == nullptr) missing = name;
      std::memcpy(&function, &found, sizeof found);  // POSIX promises it; ISO C++ has no cast for it
    };
    find(open_system, "sd_bus_open_system");
    find(flush_close_unref, "sd_bus_flush_close_unref");
    find(set_method_call_timeout, "sd_bus_set_method_call_timeout");
    find(process, "sd_bus_process");
    find(call_method, "sd_bus_call_method");
    find(message_enter, "sd_bus_message_enter_container");
    find(message_read, "sd_bus_message_read");
    find(message_unref, "sd_bus_message_unref");
    find(property_text, "sd_bus_get_property_string");
    find(property_trivial, "sd_bus_get_property_trivial");
    find(error_free, "sd_bus_error_free");
    return missing;
  }
};

class SdBus final : public SystemdBus {
 public:
  SdBus() = default;
  SdBus(const SdBus&) = delete;
  SdBus& operator=(const SdBus&) = delete;
  ~SdBus() override {
    disconnect();
    if (handle_ != nullptr) ::dlclose(handle_);
  }

  Result<bool> connect() override {
    if (handle_ == nullptr) {
      handle_ = ::dlopen(kLibrary, RTLD_NOW | RTLD_LOCAL);
      if (handle_ == nullptr) return fail(concat("systemd can't be asked without ", kLibrary, ": ", ::dlerror()));
      if (const char* missing = library_.load(handle_)) {
        ::dlclose(std::exchange(handle_, nullptr));
        return fail(concat(kLibrary, " is too old: it has no ", missing));
      }
    }
    if (bus_ != nullptr) {
      // Takes what came unasked, and notices that the bus was restarted.
      int result;
      while ((result = library_.process(bus_, nullptr)) > 0) {
      }
      if (result < 0) disconnect();
    }
    if (bus_ == nullptr) {
      const int result = library_.open_system(&bus_);
      if (result < 0) {
        bus_ = nullptr;
        return fail(concat("no system bus: ", words(result)));
      }
      library_.set_method_call_timeout(bus_, kCallTimeoutMicroseconds);
    }
    return true;
  }

  bool is_connected() const override { return bus_ != nullptr; }

  Result<std::vector<SystemdUnit>> list_units() override {
    Call call(library_);
    sd_bus_message* reply = nullptr;
    const int result =
        library_.call_method(bus_, kService, kManagerPath, kManagerInterface, "ListUnits", &call.error, &reply, "");
    if (result < 0) return failed("ListUnits", call, result);
    std::vector<SystemdUnit> units;
    int more = library_.message_enter(reply, 'a', "(ssssssouso)");
    while (more > 0) {
      // Name, description, states, followed unit, object, and the job that is queued for the unit.
      std::array<const char*, 9> texts{};
      std::uint32_t job = 0;
      more = library_.message_read(reply, "(ssssssouso)", &texts[0], &texts[1], &texts[2], &texts[3], &texts[4],
                                   &texts[5], &texts[6], &job, &texts[7], &texts[8]);
      if (more > 0) units.push_back({texts[0], texts[2], texts[3], texts[6]});
    }
    library_.message_unref(reply);
    if (more < 0) return failed("ListUnits", call, more);
    return units;
  }

  Result<std::string> manager_text(const char* property) override {
    Call call(library_);
    auto value = text(kManagerPath, kManagerInterface, property, call);
    if (!value) return failed(property, call, -ENOTCONN);
    return *value;
  }

  std::optional<std::uint64_t> manager_u64(const char* property) override {
    return trivial<std::uint64_t>(kManagerPath, kManagerInterface, property, 't');
  }

  std::optional<std::string> unit_text(const SystemdUnit& unit, const char* kind, const char* property) override {
    Call call(library_);
    return text(unit.path.c_str(), interface_of(kind).c_str(), property, call);
  }

  std::optional<std::uint32_t> unit_u32(const SystemdUnit& unit, const char* kind, const char* property) override {
    return trivial<std::uint32_t>(unit.path.c_str(), interface_of(kind).c_str(), property, 'u');
  }

  std::optional<std::uint64_t> unit_u64(const SystemdUnit& unit, const char* kind, const char* property) override {
    return trivial<std::uint64_t>(unit.path.c_str(), interface_of(kind).c_str(), property, 't');
  }

 private:
  /// The error that a call may leave, given back.
  struct Call {
    explicit Call(const Library& used) : library(used) {}
    Call(const Call&) = delete;
    Call& operator=(const Call&) = delete;
    ~Call() {
      if (library.error_free != nullptr) library.error_free(&error);
    }
    const Library& library;
    sd_bus_error error{};
  };

  static std::string words(int result) { return std::generic_category().message(-result); }
  static std::string interface_of(const char* kind) { return concat("org.freedesktop.systemd1.", kind); }

  tl::unexpected<Error> failed(const char* what, const Call& call, int result) {
    auto error = fail(concat("asking systemd for ", what, ": ",
                             call.error.message == nullptr ? words(result) : std::string(call.error.message)));
    disconnect();
    return error;
  }

  std::optional<std::string> text(const char* path, const char* interface, const char* property, Call& call) {
    if (bus_ == nullptr) return std::nullopt;
    char* value = nullptr;
    const int result = library_.property_text(bus_, kService, path, interface, property, &call.error, &value);
    if (result < 0) {
      disconnect_if_lost(result);
      return std::nullopt;
    }
    std::string copy(value);
    std::free(value);
    return copy;
  }

  /// One question without an answer in time is enough: the others would take as long.
  void disconnect_if_lost(int result) {
    if (result == -ETIMEDOUT || result == -ENOTCONN || result == -ECONNRESET || result == -EPIPE) disconnect();
  }

  template <class Number>
  std::optional<Number> trivial(const char* path, const char* interface, const char* property, char type) {
    if (bus_ == nullptr) return std::nullopt;
    Call call(library_);
    Number number{};
    const int result = library_.property_trivial(bus_, kService, path, interface, property, &call.error, type, &number);
    if (result < 0) {
      disconnect_if_lost(result);
      return std::nullopt;
    }
    return number;
  }

  void disconnect() {
    if (bus_ != nullptr) library_.flush_close_unref(std::exchange(bus_, nullptr));
  }

  Library library_;
  void* handle_ = nullptr;
  sd_bus* bus_ = nullptr;
};

}  // namespace

std::unique_ptr<SystemdBus> make_sd_bus() { return std::make_unique<SdBus>(); }

}  // namespace piman::agent
