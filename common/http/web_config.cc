// SPDX-License-Identifier: Apache-2.0
#include "common/http/web_config.h"

#include <algorithm>
#include <array>

#include "common/plain_yaml.h"
#include "common/text.h"

namespace piman::http {
namespace {

using ClientAuth = TlsSettings::ClientAuth;
using Kind = PlainYaml::Kind;

constexpr std::size_t kMostUsers = 64;
constexpr std::size_t kMostNames = 64;
constexpr std::size_t kMostNameBytes = 128;
constexpr std::uint64_t kLeastCost = 4, kMostCost = 14;  // of bcrypt; each step doubles the time, 14 is a second

struct Cipher {
  std::string_view name;     ///< as Go and the exporters call it
  std::string_view openssl;  ///< empty: not offered
  bool is_tls13 = false;
};
/// With forward secrecy and authenticated encryption; the others that Go knows are refused by name.
constexpr std::array<Cipher, 9> kCiphers = {{
    {"TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", "ECDHE-ECDSA-AES128-GCM-SHA256"},
    {"TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", "ECDHE-RSA-AES128-GCM-SHA256"},
    {"TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384", "ECDHE-ECDSA-AES256-GCM-SHA384"},
    {"TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", "ECDHE-RSA-AES256-GCM-SHA384"},
    {"TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256", "ECDHE-ECDSA-CHACHA20-POLY1305"},
    {"TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256", "ECDHE-RSA-CHACHA20-POLY1305"},
    {"TLS_AES_128_GCM_SHA256", "TLS_AES_128_GCM_SHA256", true},
    {"TLS_AES_256_GCM_SHA384", "TLS_AES_256_GCM_SHA384", true},
    {"TLS_CHACHA20_POLY1305_SHA256", "TLS_CHACHA20_POLY1305_SHA256", true},
}};

using Word = std::pair<std::string_view, std::string_view>;
constexpr std::array<Word, 4> kGroups = {
    {{"CurveP256", "P-256"}, {"CurveP384", "P-384"}, {"CurveP521", "P-521"}, {"X25519", "X25519"}}};
constexpr std::array<std::pair<std::string_view, ClientAuth>, 5> kClientAuth = {
    {{"NoClientCert", ClientAuth::kNone},
     {"RequestClientCert", ClientAuth::kRequest},
     {"RequireAnyClientCert", ClientAuth::kRequireAny},
     {"VerifyClientCertIfGiven", ClientAuth::kVerifyIfGiven},
     {"RequireAndVerifyClientCert", ClientAuth::kRequireAndVerify}}};
constexpr std::array<std::string_view, 5> kHeaders = {"Content-Security-Policy", "Strict-Transport-Security",
                                                      "X-Content-Type-Options", "X-Frame-Options", "X-XSS-Protection"};

void append_cipher(std::string& list, std::string_view name) { list += concat(list.empty() ? "" : ":", name); }

bool is_bcrypt(std::string_view hash) {
  // $2y$10$ and 22 + 31 characters of its own base64.
  const bool prefix =
      hash.size() == 60 && hash.starts_with("$2") && (hash[2] == 'a' || hash[2] == 'b' || hash[2] == 'y');
  return prefix && hash[3] == '$' && hash[6] == '$' && std::all_of(hash.begin() + 7, hash.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '/';
         });
}

class Reader {
 public:
  Reader(ParsedWebConfig& out, const std::string& folder) : out_(out), folder_(folder) {}

  void read(const PlainYaml& root) {
    if (root.kind == Kind::kNothing) return;
    if (root.kind != Kind::kMap) return problem(root, "", "must hold keys and values");
    for (std::size_t i = 0; i + 1 < root.children.size(); i += 2) {
      const PlainYaml& key = root.children[i];
      const PlainYaml& value = root.children[i + 1];
      if (key.text == "tls_server_config") {
        read_section(key, value, [this](const auto& k, const auto& v) { read_tls(k, v); });
        check_tls(key, value);
      } else if (key.text == "http_server_config") {
        read_section(key, value, [this](const auto& k, const auto& v) { read_http(k, v); });
      } else if (key.text == "basic_auth_users") {
        read_section(key, value, [this](const auto& k, const auto& v) { read_user(k, v); });
      } else if (key.text == "bearer_tokens") {
        read_section(key, value, [this](const auto& k, const auto& v) { read_token(k, v); });
      } else {
        problem(key, "",
                concat("unknown key ", quote(key.text),
                       ": it is tls_server_config, http_server_config, basic_auth_users or bearer_tokens"));
      }
    }
  }

 private:
  void problem(const PlainYaml& at, std::string_view key, const std::string& words) {
    out_.problems.push_back(concat("line ", at.line, ": ", key, key.empty() ? "" : ": ", words));
  }

  template <class Read>
  void read_section(const PlainYaml& key, const PlainYaml& value, const Read& read) {
    if (value.kind == Kind::kNothing) return;
    if (value.kind != Kind::kMap) return problem(value, key.text, "must hold keys and values");
    for (std::size_t i = 0; i + 1 < value.children.size(); i += 2) read(value.children[i], value.children[i + 1]);
  }

  std::string text_of(const PlainYaml& key, const PlainYaml& value) {
    if (value.kind == Kind::kMap || value.kind == Kind::kList) problem(value, key.text, "must be one value");
    return value.text;
  }
  std::string path_of(const PlainYaml& key, const PlainYaml& value) {
    const std::string path = text_of(key, value);
    return path.empty() || path.starts_with('/') || folder_.empty() ? path : concat(folder_, '/', path);
  }
  bool switch_of(const PlainYaml& key, const PlainYaml& value) {
    if (value.text != "true" && value.text != "false") {
      problem(value, key.text, concat(quote(value.text), " is not true or false"));
    }
    return value.text == "true";
  }
  std::vector<std::string> list_of(const PlainYaml& key, const PlainYaml& value) {
    std::vector<std::string> texts;
    if (value.kind == Kind::kNothing) return texts;
    if (value.kind != Kind::kList || value.children.size() > kMostNames) {
      problem(value, key.text, concat("must be a list of at most ", kMostNames, " values"));
      return texts;
    }
    for (const PlainYaml& each : value.children) texts.push_back(each.text);
    return texts;
  }

  void read_tls(const PlainYaml& key, const PlainYaml& value) {
    if (!out_.config.tls) out_.config.tls.emplace();
    TlsSettings& tls = *out_.config.tls;
    if (key.text == "cert_file") {
      tls.cert_file = path_of(key, value);
    } else if (key.text == "key_file") {
      tls.key_file = path_of(key, value);
    } else if (key.text == "client_ca_file") {
      tls.client_ca_file = path_of(key, value);
    } else if (key.text == "client_auth_type") {
      read_client_auth(key, value, tls);
    } else if (key.text == "client_allowed_sans") {
      read_client_names(key, value, tls);
    } else if (key.text == "min_version" || key.text == "max_version") {
      read_version(key, value, tls);
    } else if (key.text == "cipher_suites") {
      read_ciphers(key, value, tls);
    } else if (key.text == "prefer_server_cipher_suites") {
      tls.prefers_own_ciphers = switch_of(key, value);
    } else if (key.text == "curve_preferences") {
      read_groups(key, value, tls);
    } else {
      problem(key, "tls_server_config", concat("unknown key ", quote(key.text)));
    }
  }

  void read_client_auth(const PlainYaml& key, const PlainYaml& value, TlsSettings& tls) {
    const std::string text = text_of(key, value);
    const auto* const found =
        std::find_if(kClientAuth.begin(), kClientAuth.end(), [&](const auto& each) { return each.first == text; });
    if (found != kClientAuth.end()) {
      tls.client_auth = found->second;
    } else {
      problem(value, key.text,
              concat(quote(text),
                     " is none of NoClientCert, RequestClientCert, RequireAnyClientCert, "
                     "VerifyClientCertIfGiven, RequireAndVerifyClientCert"));
    }
  }

  void read_client_names(const PlainYaml& key, const PlainYaml& value, TlsSettings& tls) {
    for (const std::string& name : list_of(key, value)) {
      const bool plain = !name.empty() && name.find_first_not_of(
                                              "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                              "0123456789.-_") == std::string::npos;
      const bool is_address = name.find_first_not_of("0123456789.") == std::string::npos;
      if (plain && !is_address) {
        tls.client_names.push_back(name);
      } else {
        problem(value, key.text, concat(quote(name), " is no DNS name; other names are not compared here"));
      }
    }
  }

  void read_version(const PlainYaml& key, const PlainYaml& value, TlsSettings& tls) {
    const std::string text = text_of(key, value);
    const bool is_min = key.text == "min_version";
    if (text == "TLS13") {
      if (is_min) tls.allows_tls12 = false;
    } else if (text == "TLS12") {
      if (!is_min) tls.allows_tls13 = false;
    } else if (text == "TLS10" || text == "TLS11") {
      problem(value, key.text, concat(text, " is broken and not spoken here: TLS12 or TLS13"));
    } else {
      problem(value, key.text, concat(quote(text), " is neither TLS12 nor TLS13"));
    }
  }

  void read_ciphers(const PlainYaml& key, const PlainYaml& value, TlsSettings& tls) {
    for (const std::string& name : list_of(key, value)) {
      const auto* const found =
          std::find_if(kCiphers.begin(), kCiphers.end(), [&](const Cipher& each) { return each.name == name; });
      if (found == kCiphers.end()) {
        problem(
            value, key.text,
            concat(quote(name), " is not spoken here: no forward secrecy, no authenticated encryption, or unknown"));
      } else {
        append_cipher(found->is_tls13 ? tls.cipher_suites : tls.ciphers, found->openssl);
      }
    }
  }

  void read_groups(const PlainYaml& key, const PlainYaml& value, TlsSettings& tls) {
    for (const std::string& name : list_of(key, value)) {
      const auto* const found =
          std::find_if(kGroups.begin(), kGroups.end(), [&](const Word& each) { return each.first == name; });
      if (found == kGroups.end()) {
        problem(value, key.text, concat(quote(name), " is none of CurveP256, CurveP384, CurveP521, X25519"));
      } else {
        append_cipher(tls.groups, found->second);
      }
    }
  }

  /// What no key can say alone.
  void check_tls(const PlainYaml& key, const PlainYaml& section) {
    if (section.kind == Kind::kMap && !out_.config.tls) out_.config.tls.emplace();
    if (!out_.config.tls) return;
    TlsSettings& tls = *out_.config.tls;
    const auto need = [&](std::string_view name, const std::string& text) {
      if (text.empty()) problem(key, key.text, concat(name, " must be set"));
    };
    need("cert_file", tls.cert_file);
    need("key_file", tls.key_file);
    const bool verifies =
        tls.client_auth == ClientAuth::kVerifyIfGiven || tls.client_auth == ClientAuth::kRequireAndVerify;
    if (verifies) need("client_ca_file", tls.client_ca_file);
    if (!verifies && !tls.client_ca_file.empty()) {
      problem(key, key.text,
              "client_ca_file verifies nothing unless client_auth_type is VerifyClientCertIfGiven or "
              "RequireAndVerifyClientCert");
    }
    if (!verifies && !tls.client_names.empty()) {
      problem(key, key.text, "client_allowed_sans needs a client_auth_type that verifies");
    }
    if (!tls.allows_tls12 && !tls.allows_tls13) problem(key, key.text, "min_version is above max_version");
    if (tls.ciphers.empty()) fill(tls.ciphers, false);
    if (tls.cipher_suites.empty()) fill(tls.cipher_suites, true);
  }

  static void fill(std::string& list, bool tls13) {
    for (const Cipher& cipher : kCiphers) {
      if (cipher.is_tls13 == tls13) append_cipher(list, cipher.openssl);
    }
  }

  void read_http(const PlainYaml& key, const PlainYaml& value) {
    if (key.text == "http2") {
      (void)switch_of(key, value);  // a client asks for it, and goes on with HTTP/1.1 where it is not answered
    } else if (key.text == "headers") {
      read_section(key, value, [this](const auto& k, const auto& v) { read_header(k, v); });
    } else {
      problem(key, "http_server_config", concat("unknown key ", quote(key.text)));
    }
  }

  void read_header(const PlainYaml& key, const PlainYaml& value) {
    if (std::find(kHeaders.begin(), kHeaders.end(), key.text) == kHeaders.end()) {
      return problem(key, "headers", concat(quote(key.text), " is none of those that may be set"));
    }
    std::string text = text_of(key, value);
    if (!text.empty()) out_.config.headers.emplace_back(key.text, std::move(text));
  }

  /// Messages never hold the hash: they go into logs.
  void read_user(const PlainYaml& key, const PlainYaml& value) {
    const bool is_name =
        !key.text.empty() && key.text.size() <= kMostNameBytes && key.text.find(':') == std::string::npos;
    if (!is_name) return problem(key, "basic_auth_users", concat(quote(key.text), " is no name of a user"));
    const std::string hash = text_of(key, value);
    if (!is_bcrypt(hash)) {
      return problem(value, "basic_auth_users",
                     concat("the password of ", quote(key.text),
                            " must be a bcrypt hash, as \"htpasswd -nBC 10 NAME\" prints behind the colon"));
    }
    const auto cost = parse_u64(std::string_view(hash).substr(4, 2));
    if (!cost || *cost < kLeastCost || *cost > kMostCost) {
      return problem(
          value, "basic_auth_users",
          concat("the hash of ", quote(key.text), " has a cost that is not between ", kLeastCost, " and ", kMostCost));
    }
    if (out_.config.users.size() == kMostUsers) {
      return problem(key, "basic_auth_users", concat("more than ", kMostUsers, " users"));
    }
    out_.config.users.push_back({key.text, hash});
  }

  void read_token(const PlainYaml& key, const PlainYaml& value) {
    const auto digest = parse_sha256(text_of(key, value));
    if (!digest) {
      return problem(value, "bearer_tokens",
                     concat("of ", quote(key.text),
                            " must be the SHA-256 of a token, as \"printf %s TOKEN | sha256sum\" prints it"));
    }
    if (out_.config.tokens.size() == kMostUsers) {
      return problem(key, "bearer_tokens", concat("more than ", kMostUsers, " tokens"));
    }
    out_.config.tokens.push_back({key.text, *digest});
  }

  ParsedWebConfig& out_;
  const std::string& folder_;
};

}  // namespace

ParsedWebConfig parse_web_config(std::string_view text, const std::string& folder) {
  ParsedWebConfig parsed;
  const auto root = parse_plain_yaml(text);
  if (root) {
    Reader(parsed, folder).read(*root);
  } else {
    parsed.problems.push_back(root.error().message);
  }
  return parsed;
}

}  // namespace piman::http
