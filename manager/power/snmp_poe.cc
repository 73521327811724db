// SPDX-License-Identifier: Apache-2.0
// clang-format off
#include <net-snmp/net-snmp-config.h>   // must be first
#include <net-snmp/net-snmp-includes.h>
// clang-format on

#include "manager/power/snmp_poe.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdlib>
#include <map>
#include <mutex>
#include <span>
#include <utility>

#include "common/mutex.h"
#include "common/secret_file.h"
#include "common/text.h"

namespace piman::power {
namespace {

using Oid = std::vector<oid>;

constexpr std::array<oid, 11> kPseAdmin = {1, 3, 6, 1, 2, 1, 105, 1, 1, 1, 3};
constexpr std::array<oid, 11> kPseDetection = {1, 3, 6, 1, 2, 1, 105, 1, 1, 1, 6};
/// The standard has no power of one port; this is Cisco's cpeExtPsePortPwrConsumption, in milliwatts.
constexpr std::array<oid, 13> kCiscoMilliwatts = {1, 3, 6, 1, 4, 1, 9, 9, 402, 1, 2, 1, 9};
constexpr std::array<oid, 11> kBridgeAddress = {1, 3, 6, 1, 2, 1, 17, 4, 3, 1, 2};            // dot1dTpFdbPort
constexpr std::array<oid, 13> kVlanBridgeAddress = {1, 3, 6, 1, 2, 1, 17, 7, 1, 2, 2, 1, 2};  // dot1qTpFdbPort
constexpr std::array<oid, 11> kBridgeIfIndex = {1, 3, 6, 1, 2, 1, 17, 1, 4, 1, 2};            // dot1dBasePortIfIndex
constexpr long kOn = 1;
constexpr long kOff = 2;
constexpr std::size_t kMacOctets = 6;

constexpr std::size_t kMostRows = 20'000;  ///< of one table: more is a broken switch, or the core of a city
constexpr long kRowsAtOnce = 20;
constexpr std::chrono::seconds kMostWalk{30};
constexpr std::size_t kLeastPassPhrase = 8;  // RFC 3414, section 11.2

void set_up_once() {
  static std::once_flag once;
  std::call_once(once, [] {
    ::setenv("MIBS", "", 1);  // numbers are all that is needed; parsing MIB files takes longer than a power cycle
    constexpr auto kLibrary = NETSNMP_DS_LIBRARY_ID;
    for (const int off : {NETSNMP_DS_LIB_DONT_READ_CONFIGS, NETSNMP_DS_LIB_DONT_PERSIST_STATE,
                          NETSNMP_DS_LIB_DISABLE_PERSISTENT_LOAD, NETSNMP_DS_LIB_DISABLE_PERSISTENT_SAVE}) {
      netsnmp_ds_set_boolean(kLibrary, off, 1);
    }
    // It makes folders for certificates whatever the above says: below a file it cannot.
    netsnmp_ds_set_string(kLibrary, NETSNMP_DS_LIB_PERSISTENT_DIR, "/dev/null/none");
    netsnmp_ds_set_string(kLibrary, NETSNMP_DS_LIB_CONFIGURATION_DIR, "/dev/null/none");
    snmp_disable_log();
    init_snmp("piman");
  });
}

/// Net-SNMP keeps the users of v3 and their keys for the whole process, by name: what one switch taught it would be
/// used for another.
Mutex& users_mutex() {
  static Mutex mutex;
  return mutex;
}

void forget_users() {
  while (usmUser* user = usm_get_userList()) {
    usm_remove_user(user);
    usm_free_user(user);
  }
}

struct Close {
  void operator()(void* handle) const { snmp_sess_close(handle); }
};
struct Free {
  void operator()(netsnmp_pdu* pdu) const { snmp_free_pdu(pdu); }
};
using Handle = std::unique_ptr<void, Close>;
using Pdu = std::unique_ptr<netsnmp_pdu, Free>;

template <std::size_t kSize>
Oid row(const std::array<oid, kSize>& column, std::initializer_list<std::uint32_t> index) {
  Oid out(column.begin(), column.end());
  out.insert(out.end(), index.begin(), index.end());
  return out;
}

struct Secrets {
  std::string community, auth, priv;
};

/// What a switch says to one question: nothing when it has no such object.
using Answer = Result<std::optional<long>>;

class SnmpPoe final : public PowerSwitch {
 public:
  SnmpPoe(SwitchConfig config, Secrets secrets) : config_(std::move(config)), secrets_(std::move(secrets)) {}

  Result<void> set(const PortRef& port, bool on) override {
    const auto done = with_session<bool>([&](void* handle) -> Result<bool> {
      const auto answer = ask(handle, SNMP_MSG_SET, row(kPseAdmin, {config_.group, port.port}), on ? kOn : kOff);
      if (!answer) return tl::unexpected<Error>(answer.error());
      if (!*answer) return fail(no_port(port));
      return true;
    });
    if (!done)
      return fail(concat(config_.name, ": switching port ", port.port, on ? " on: " : " off: ", done.error().message));
    return {};
  }

  Result<PortState> read(const PortRef& port) override {
    auto state = with_session<PortState>([&](void* handle) { return read_port(handle, port); });
    if (!state) return fail(concat(config_.name, ": reading port ", port.port, ": ", state.error().message));
    return state;
  }

  void stop() override { stopping_ = true; }

  Result<std::vector<LearnedAddress>> learn() override {
    auto learned = with_session<std::vector<LearnedAddress>>([this](void* handle) { return read_addresses(handle); });
    if (!learned) return fail(concat(config_.name, ": reading its table of addresses: ", learned.error().message));
    return learned;
  }

 private:
  template <class Value, class Use>
  Result<Value> with_session(const Use& use) {
    if (config_.version != SwitchConfig::Version::kV3) {
      const auto handle = open();
      if (!handle) return tl::unexpected<Error>(handle.error());
      return use(handle->get());
    }
    const MutexLock lock(users_mutex());
    Result<Value> result = fail("not asked");
    {
      const auto handle = open();
      result = handle ? use(handle->get()) : Result<Value>(tl::unexpected<Error>(handle.error()));
    }
    forget_users();
    return result;
  }

  Result<Handle> open() {
    netsnmp_session session;
    snmp_sess_init(&session);
    std::string peer = concat(config_.address.is_ipv6 ? "udp6:" : "udp:", config_.address.to_string());
    std::string community = secrets_.community;
    if (config_.vlan != 0) community += concat('@', config_.vlan);
    session.peername = peer.data();
    session.timeout = std::chrono::microseconds(config_.timeout).count();
    session.retries = 0;  // exchange() tries again, so that stop() can end it
    if (config_.version == SwitchConfig::Version::kV3) {
      const Result<void> keyed = add_user(session);
      if (!keyed) return tl::unexpected<Error>(keyed.error());
    } else {
      session.version = config_.version == SwitchConfig::Version::kV1 ? SNMP_VERSION_1 : SNMP_VERSION_2c;
      session.community = reinterpret_cast<u_char*>(community.data());
      session.community_len = community.size();
    }
    Handle handle(snmp_sess_open(&session));
    if (handle == nullptr) {
      int library_error = 0, system_error = 0;
      char* text = nullptr;
      snmp_error(&session, &system_error, &library_error, &text);
      const std::string words = text != nullptr ? text : "no words";
      std::free(text);
      return fail(failure_words(library_error, words));
    }
    return handle;
  }

  /// Keys from pass phrases. RFC 7860 (SHA-256), RFC 3826 (AES).
  Result<void> add_user(netsnmp_session& session) {
    session.version = SNMP_VERSION_3;
    session.securityName = config_.user.data();
    session.securityNameLen = config_.user.size();
    session.securityLevel = secrets_.priv.empty() ? SNMP_SEC_LEVEL_AUTHNOPRIV : SNMP_SEC_LEVEL_AUTHPRIV;
    session.securityAuthProto = usmHMAC192SHA256AuthProtocol;
    session.securityAuthProtoLen = OID_LENGTH(usmHMAC192SHA256AuthProtocol);
    session.securityAuthKeyLen = USM_AUTH_KU_LEN;
    if (!make_key(secrets_.auth, session.securityAuthKey, session.securityAuthKeyLen))
      return fail("no key from the pass phrase");
    if (secrets_.priv.empty()) return {};
    session.securityPrivProto = usmAESPrivProtocol;
    session.securityPrivProtoLen = OID_LENGTH(usmAESPrivProtocol);
    session.securityPrivKeyLen = USM_PRIV_KU_LEN;
    if (!make_key(secrets_.priv, session.securityPrivKey, session.securityPrivKeyLen))
      return fail("no key from the pass phrase");
    return {};
  }

  static bool make_key(const std::string& phrase, u_char* key, std::size_t& size) {
    return generate_Ku(usmHMAC192SHA256AuthProtocol, OID_LENGTH(usmHMAC192SHA256AuthProtocol),
                       reinterpret_cast<const u_char*>(phrase.data()), phrase.size(), key, &size) == SNMPERR_SUCCESS;
  }

  std::string no_port(const PortRef& port) const {
    return concat("the switch has no PoE port ", port.port, " in group ", config_.group);
  }

  std::string failure_words(int library_error, const std::string& words) const {
    const double seconds = static_cast<double>(config_.timeout.count()) * (config_.retries + 1) / 1000;
    switch (library_error) {
      case SNMPERR_TIMEOUT:
        return concat("no answer from ", config_.address.to_string(), " in ", seconds, " s: it is down, or ",
                      config_.version == SwitchConfig::Version::kV3 ? "cannot be reached"
                                                                    : "does not know the community of community_file");
      case SNMPERR_AUTHENTICATION_FAILURE:
        return concat("the switch refused the key of user ", quote(config_.user), " (auth_key_file)");
      case SNMPERR_UNKNOWN_USER_NAME:
        return concat("the switch does not know user ", quote(config_.user));
      case SNMPERR_DECRYPTION_ERR:
        return concat("the switch cannot decrypt what user ", quote(config_.user), " sends (priv_key_file)");
      default:
        return words;
    }
  }

  /// What is asked may be asked again: nothing here counts.
  Result<Pdu> exchange(void* handle, Pdu request) {
    Pdu response;
    int failure = SNMPERR_TIMEOUT;
    std::string words;
    for (std::uint32_t tries = 0; tries <= config_.retries && failure == SNMPERR_TIMEOUT; ++tries) {
      if (stopping_) return fail("the manager stops");
      netsnmp_pdu* raw = nullptr;
      netsnmp_pdu* copy = snmp_clone_pdu(request.get());
      if (copy == nullptr) return fail("out of memory");
      const int status = snmp_sess_synch_response(handle, copy, &raw);  // owns `copy` from here on
      response.reset(raw);
      if (status == STAT_SUCCESS && response != nullptr) return response;
      if (status == STAT_TIMEOUT) continue;
      // v3 asks for the switch's engine first: when that goes unanswered, it is an error with this number.
      int system_error = 0;
      char* text = nullptr;
      snmp_sess_error(handle, &system_error, &failure, &text);
      words = text != nullptr ? text : "no words";
      std::free(text);
    }
    return fail(failure_words(failure, words));
  }

  static std::optional<long> number_of(const netsnmp_variable_list& variable) {
    switch (variable.type) {
      case ASN_INTEGER:
      case ASN_GAUGE:
      case ASN_COUNTER:
      case ASN_TIMETICKS:
        return variable.val_len == sizeof(long) ? std::optional<long>(*variable.val.integer) : std::nullopt;
      default:
        return std::nullopt;
    }
  }

  Answer ask(void* handle, int command, const Oid& object, long value = 0) {
    Pdu request(snmp_pdu_create(command));
    if (command == SNMP_MSG_SET) {
      snmp_pdu_add_variable(request.get(), object.data(), object.size(), ASN_INTEGER, &value, sizeof value);
    } else {
      snmp_add_null_var(request.get(), object.data(), object.size());
    }
    const auto response = exchange(handle, std::move(request));
    if (!response) return tl::unexpected<Error>(response.error());
    const netsnmp_pdu& pdu = **response;
    switch (pdu.errstat) {
      case SNMP_ERR_NOERROR:
        break;
      case SNMP_ERR_NOSUCHNAME:
      case SNMP_ERR_NOCREATION:
      case SNMP_ERR_NOTWRITABLE:
        return std::nullopt;
      case SNMP_ERR_NOACCESS:
      case SNMP_ERR_READONLY:
      case SNMP_ERR_AUTHORIZATIONERROR:
        return fail(concat(config_.version == SwitchConfig::Version::kV3 ? "this user" : "this community",
                           command == SNMP_MSG_SET ? " may not write" : " may not read", " on the switch (",
                           snmp_errstring(static_cast<int>(pdu.errstat)), ")"));
      default:
        return fail(concat("the switch said ", snmp_errstring(static_cast<int>(pdu.errstat))));
    }
    const netsnmp_variable_list* variable = pdu.variables;
    const bool same = variable != nullptr && variable->name_length == object.size() &&
                      std::equal(object.begin(), object.end(), variable->name);
    if (!same) return fail("the switch answered something else than was asked");
    return number_of(*variable);
  }

  Result<PortState> read_port(void* handle, const PortRef& port) {
    PortState state;
    const auto admin = ask(handle, SNMP_MSG_GET, row(kPseAdmin, {config_.group, port.port}));
    if (!admin) return tl::unexpected<Error>(admin.error());
    if (!*admin) return fail(no_port(port));
    if (**admin != kOn && **admin != kOff)
      return fail(concat("the switch says ", **admin, " where only 1 (on) and 2 (off) are"));
    state.admin_on = **admin == kOn;
    const auto detection = ask(handle, SNMP_MSG_GET, row(kPseDetection, {config_.group, port.port}));
    if (!detection) return tl::unexpected<Error>(detection.error());
    if (*detection && **detection >= 1 && **detection <= static_cast<long>(Detection::kOtherFault)) {
      state.detection = static_cast<Detection>(**detection);
    }
    // Asked alone: SNMPv1 fails a whole message for one object that is not there. What is refused here is not known.
    const auto milliwatts = ask(handle, SNMP_MSG_GET, row(kCiscoMilliwatts, {config_.group, port.port}));
    if (milliwatts && *milliwatts && **milliwatts >= 0)
      state.delivered_watts = static_cast<double>(**milliwatts) / 1000;
    return state;
  }

  /// The rows of a column: what follows its number, and the value.
  using Rows = std::vector<std::pair<Oid, long>>;
  Result<Rows> walk(void* handle, std::span<const oid> column) {
    const auto deadline = std::chrono::steady_clock::now() + kMostWalk;
    Rows rows;
    Oid at(column.begin(), column.end());
    const bool bulk = config_.version != SwitchConfig::Version::kV1;
    for (;;) {
      if (rows.size() > kMostRows) return fail(concat("more than ", kMostRows, " rows"));
      if (std::chrono::steady_clock::now() > deadline) return fail("it takes longer than 30 s");
      Pdu request(snmp_pdu_create(bulk ? SNMP_MSG_GETBULK : SNMP_MSG_GETNEXT));
      if (bulk) {
        request->non_repeaters = 0;
        request->max_repetitions = kRowsAtOnce;
      }
      snmp_add_null_var(request.get(), at.data(), at.size());
      const auto response = exchange(handle, std::move(request));
      if (!response) return tl::unexpected<Error>(response.error());
      if ((*response)->errstat == SNMP_ERR_NOSUCHNAME) return rows;  // how v1 says the end
      if ((*response)->errstat != SNMP_ERR_NOERROR) {
        return fail(concat("the switch said ", snmp_errstring(static_cast<int>((*response)->errstat))));
      }
      const netsnmp_variable_list* variable = (*response)->variables;
      if (variable == nullptr) return rows;
      for (; variable != nullptr; variable = variable->next_variable) {
        const std::span<const oid> name(variable->name, variable->name_length);
        const bool inside = name.size() > column.size() && std::equal(column.begin(), column.end(), name.begin());
        if (!inside || variable->type == SNMP_ENDOFMIBVIEW) return rows;
        const bool ascends = std::lexicographical_compare(at.begin(), at.end(), name.begin(), name.end());
        if (!ascends) return fail("the switch goes round in circles");
        at.assign(name.begin(), name.end());
        if (const auto value = number_of(*variable)) {
          rows.emplace_back(Oid(name.begin() + static_cast<std::ptrdiff_t>(column.size()), name.end()), *value);
        }
      }
    }
  }

  Result<std::vector<LearnedAddress>> read_addresses(void* handle) {
    const auto if_indexes = walk(handle, kBridgeIfIndex);
    if (!if_indexes) return tl::unexpected<Error>(if_indexes.error());
    std::map<long, long> if_index_of;
    for (const auto& [index, value] : *if_indexes) {
      if (index.size() == 1) if_index_of[static_cast<long>(index[0])] = value;
    }
    std::map<std::pair<MacAddress, long>, LearnedAddress> found;
    for (const std::span<const oid> column :
         {std::span<const oid>(kBridgeAddress), std::span<const oid>(kVlanBridgeAddress)}) {
      const auto rows = walk(handle, column);
      if (!rows) return tl::unexpected<Error>(rows.error());
      for (const auto& [index, port] : *rows) {
        // Before the address, Q-BRIDGE has the number of the table.
        if (index.size() < kMacOctets || index.size() > kMacOctets + 1 || port <= 0) continue;  // 0: not learnt
        std::array<std::uint8_t, kMacOctets> bytes{};
        const std::size_t from = index.size() - kMacOctets;
        bool whole = true;
        for (std::size_t i = 0; i < kMacOctets; ++i) {
          whole = whole && index[from + i] <= 255;
          bytes[i] = static_cast<std::uint8_t>(index[from + i]);
        }
        if (!whole) continue;
        LearnedAddress learned{MacAddress(bytes), static_cast<std::uint32_t>(port), std::nullopt};
        if (const auto known = if_index_of.find(port); known != if_index_of.end()) {
          learned.if_index = static_cast<std::uint32_t>(known->second);
        }
        found.insert_or_assign({learned.mac, port}, learned);
      }
    }
    std::vector<LearnedAddress> out;
    for (const auto& [key, learned] : found) out.push_back(learned);
    return out;
  }

  SwitchConfig config_;
  const Secrets secrets_;
  std::atomic<bool> stopping_ = false;
};

}  // namespace

Result<std::unique_ptr<PowerSwitch>> make_snmp_poe(const SwitchConfig& config) {
  Secrets secrets;
  const auto read_into = [](std::string& out, const std::string& path) -> Result<void> {
    auto secret = read_secret_file(path);
    if (!secret) return tl::unexpected<Error>(secret.error());
    out = std::move(*secret);
    return {};
  };
  Result<void> read;
  if (config.version != SwitchConfig::Version::kV3) {
    read = read_into(secrets.community, config.community_file);
  } else {
    read = read_into(secrets.auth, config.auth_key_file);
    if (read && !config.priv_key_file.empty()) read = read_into(secrets.priv, config.priv_key_file);
  }
  if (!read) return fail_with(config.name, read.error());
  if (config.version == SwitchConfig::Version::kV3) {
    for (const std::string* phrase : {&secrets.auth, &secrets.priv}) {
      if (!phrase->empty() && phrase->size() < kLeastPassPhrase) {
        return fail(concat(config.name, ": a v3 pass phrase has at least ", kLeastPassPhrase, " characters"));
      }
    }
  }
  set_up_once();
  return std::unique_ptr<PowerSwitch>(std::make_unique<SnmpPoe>(config, std::move(secrets)));
}

}  // namespace piman::power
