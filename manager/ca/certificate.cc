// SPDX-License-Identifier: Apache-2.0
#include "manager/ca/certificate.h"

#include <algorithm>
#include <array>
#include <initializer_list>
#include <utility>

#include "common/text.h"
#include "manager/ca/openssl_parts.h"

namespace piman::manager::ca {
namespace {

constexpr std::chrono::hours kBackdated{1};
constexpr int kSerialBits = 127;  // positive, and of at most 20 bytes (RFC 5280 section 4.1.2.2)

bool set_times(X509* certificate, WallTime from, WallTime until) {
  return ASN1_TIME_set(X509_getm_notBefore(certificate), std::chrono::system_clock::to_time_t(from)) != nullptr &&
         ASN1_TIME_set(X509_getm_notAfter(certificate), std::chrono::system_clock::to_time_t(until)) != nullptr;
}

bool set_random_serial(X509* certificate) {
  const Number number(BN_new());
  return number && BN_rand(number.get(), kSerialBits, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ANY) == 1 &&
         BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(certificate)) != nullptr;
}

bool set_subject(X509* certificate, const std::string& name) {
  const auto* const bytes = reinterpret_cast<const unsigned char*>(name.data());
  return X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_UTF8, bytes,
                                    static_cast<int>(name.size()), -1, 0) == 1;
}

bool add_extensions(X509* certificate, X509* issuer, std::initializer_list<std::pair<int, std::string>> extensions) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  return std::all_of(extensions.begin(), extensions.end(), [&](const auto& each) {
    const Extension extension(X509V3_EXT_nconf_nid(nullptr, &context, each.first, each.second.c_str()));
    return extension && X509_add_ext(certificate, extension.get(), -1) == 1;
  });
}

/// Without name, issuer, extensions and signature.
Certificate begin_certificate(EVP_PKEY* key, WallTime now, WallTime until) {
  Certificate certificate(X509_new());
  const bool good = certificate && X509_set_version(certificate.get(), X509_VERSION_3) == 1 &&
                    set_random_serial(certificate.get()) && set_times(certificate.get(), now - kBackdated, until) &&
                    X509_set_pubkey(certificate.get(), key) == 1;
  if (!good) certificate.reset();
  return certificate;
}

Result<std::string> pem_of(X509* certificate) {
  const Bio out(BIO_new(BIO_s_mem()));
  if (!out || PEM_write_bio_X509(out.get(), certificate) != 1) return fail_openssl("writing a certificate");
  return text_of(out.get());
}

Result<Identity> identity_of(X509* certificate, EVP_PKEY* key) {
  auto pem = pem_of(certificate);
  if (!pem) return tl::unexpected<Error>(pem.error());
  const Bio out(BIO_new(BIO_s_secmem()));
  if (!out || PEM_write_bio_PKCS8PrivateKey(out.get(), key, nullptr, nullptr, 0, nullptr, nullptr) != 1) {
    return fail_openssl("writing a key");
  }
  return Identity{std::move(*pem), text_of(out.get())};
}

std::string common_name_of(const X509* certificate) {
  X509_NAME* const subject = X509_get_subject_name(certificate);
  const int at = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
  if (at < 0) return {};
  unsigned char* text = nullptr;
  const int size = ASN1_STRING_to_UTF8(&text, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at)));
  if (size < 0) return {};
  std::string name(reinterpret_cast<const char*>(text), static_cast<std::size_t>(size));
  OPENSSL_free(text);
  return name;
}

std::string subject_alternatives(const Wanted& wanted) {
  std::string names = concat("DNS:", wanted.name);
  for (const Ipv4Address address : wanted.addresses) names += concat(",IP:", address.to_string());
  return names;
}

/// Whether a key is one that agents can use, and nobody can guess.
bool is_good_key(const EVP_PKEY* key) {
  if (EVP_PKEY_is_a(key, "EC") == 1) {
    std::array<char, 32> name{};
    if (EVP_PKEY_get_group_name(key, name.data(), name.size(), nullptr) != 1) return false;
    const std::string_view curve = name.data();
    return curve == "prime256v1" || curve == "secp384r1";
  }
  const int bits = EVP_PKEY_get_bits(key);
  return EVP_PKEY_is_a(key, "RSA") == 1 && bits >= 2048 && bits <= 4096;
}

/// A certificate for somebody's key.
Result<Certificate> certify(const Signer& signer, EVP_PKEY* key, const Wanted& wanted, WallTime now) {
  X509* const issuer = signer.certificate.get();
  const WallTime until = std::min<WallTime>(now + wanted.valid, end_of(issuer));
  if (until <= now) return fail("the CA's certificate has ended");
  Certificate certificate = begin_certificate(key, now, until);
  const std::string usage =
      concat(wanted.for_server ? "serverAuth" : "", wanted.for_server && wanted.for_client ? "," : "",
             wanted.for_client ? "clientAuth" : "");
  const bool good = certificate && set_subject(certificate.get(), wanted.name) &&
                    X509_set_issuer_name(certificate.get(), X509_get_subject_name(issuer)) == 1 &&
                    add_extensions(certificate.get(), issuer,
                                   {{NID_basic_constraints, "critical,CA:FALSE"},
                                    {NID_key_usage, "critical,digitalSignature"},
                                    {NID_ext_key_usage, usage},
                                    {NID_subject_alt_name, subject_alternatives(wanted)},
                                    {NID_authority_key_identifier, "keyid:always"}}) &&
                    X509_sign(certificate.get(), signer.key.get(), EVP_sha256()) > 0;
  if (!good) return fail_openssl(concat("making the certificate of ", wanted.name));
  return certificate;
}

}  // namespace

Result<Identity> make_authority(const std::string& name, WallTime now, Days valid) {
  const Key key(EVP_EC_gen("P-256"));
  if (!key) return fail_openssl("making a key");
  const Certificate certificate = begin_certificate(key.get(), now, now + valid);
  const bool good = certificate && set_subject(certificate.get(), name) &&
                    X509_set_issuer_name(certificate.get(), X509_get_subject_name(certificate.get())) == 1 &&
                    add_extensions(certificate.get(), certificate.get(),
                                   {{NID_basic_constraints, "critical,CA:TRUE,pathlen:0"},
                                    {NID_key_usage, "critical,keyCertSign,cRLSign"},
                                    {NID_subject_key_identifier, "hash"}}) &&
                    X509_sign(certificate.get(), key.get(), EVP_sha256()) > 0;
  if (!good) return fail_openssl("making the certificate of a CA");
  return identity_of(certificate.get(), key.get());
}

Result<Identity> issue(const Identity& authority, const Wanted& wanted, WallTime now) {
  const auto signer = read_signer(authority);
  if (!signer) return tl::unexpected<Error>(signer.error());
  const Key key(EVP_EC_gen("P-256"));
  if (!key) return fail_openssl("making a key");
  const auto certificate = certify(*signer, key.get(), wanted, now);
  if (!certificate) return tl::unexpected<Error>(certificate.error());
  return identity_of(certificate->get(), key.get());
}

Result<std::string> sign_request(const Identity& authority, std::string_view request, const Wanted& wanted,
                                 WallTime now) {
  if (request.size() > kMostRequestBytes) return fail(concat("a request of more than ", kMostRequestBytes, " bytes"));
  const CertificateRequest parsed(PEM_read_bio_X509_REQ(bio_of(request).get(), nullptr, &no_passphrase, nullptr));
  if (!parsed) return fail_openssl("reading a request for a certificate");
  EVP_PKEY* const key = X509_REQ_get0_pubkey(parsed.get());
  if (key == nullptr || !is_good_key(key)) {
    ERR_clear_error();
    return fail("the request's key is none of P-256, P-384, RSA of 2048 to 4096 bits");
  }
  // Whoever asks must have the key.
  if (X509_REQ_verify(parsed.get(), key) != 1) {
    ERR_clear_error();
    return fail("the request is not signed by its own key");
  }
  const auto signer = read_signer(authority);
  if (!signer) return tl::unexpected<Error>(signer.error());
  // What the request says of names and uses is not looked at: those are the manager's to say.
  const auto certificate = certify(*signer, key, wanted, now);
  if (!certificate) return tl::unexpected<Error>(certificate.error());
  return pem_of(certificate->get());
}

Result<std::string> renew(const Identity& authority, std::string_view pem, Days valid, WallTime now) {
  const Certificate old = read_certificate(pem);
  if (!old) return fail_openssl("reading a certificate");
  const auto signer = read_signer(authority);
  if (!signer) return tl::unexpected<Error>(signer.error());
  X509* const issuer = signer->certificate.get();
  const WallTime until = std::min<WallTime>(now + valid, end_of(issuer));
  if (until <= now) return fail("the CA's certificate has ended");
  const Certificate certificate = begin_certificate(X509_get0_pubkey(old.get()), now, until);
  bool good = certificate && X509_set_subject_name(certificate.get(), X509_get_subject_name(old.get())) == 1 &&
              X509_set_issuer_name(certificate.get(), X509_get_subject_name(issuer)) == 1;
  for (const int kind : {NID_basic_constraints, NID_key_usage, NID_ext_key_usage, NID_subject_alt_name}) {
    const int at = X509_get_ext_by_NID(old.get(), kind, -1);
    if (good && at >= 0) good = X509_add_ext(certificate.get(), X509_get_ext(old.get(), at), -1) == 1;
  }
  good = good && add_extensions(certificate.get(), issuer, {{NID_authority_key_identifier, "keyid:always"}}) &&
         X509_sign(certificate.get(), signer->key.get(), EVP_sha256()) > 0;
  if (!good) return fail_openssl("renewing a certificate");
  return pem_of(certificate.get());
}

bool is_pair(const Identity& identity) { return read_signer(identity).has_value(); }

bool is_issued_by(std::string_view certificate, std::string_view authority) {
  const Certificate one = read_certificate(certificate), issuer = read_certificate(authority);
  const bool is = one && issuer && X509_verify(one.get(), X509_get0_pubkey(issuer.get())) == 1;
  ERR_clear_error();
  return is;
}

std::vector<std::string> certificates_in(std::string_view pem) {
  constexpr std::string_view kBegin = "-----BEGIN CERTIFICATE-----", kEnd = "-----END CERTIFICATE-----";
  std::vector<std::string> found;
  while (found.size() < kMostCertificates) {
    const std::size_t begin = pem.find(kBegin);
    if (begin == std::string_view::npos) break;
    const std::size_t end = pem.find(kEnd, begin);
    if (end == std::string_view::npos) break;
    found.push_back(concat(pem.substr(begin, end - begin), kEnd, '\n'));
    pem.remove_prefix(end + kEnd.size());
  }
  return found;
}

Result<Facts> facts_of(std::string_view pem) {
  const Certificate certificate = read_certificate(pem);
  if (!certificate) return fail_openssl("reading a certificate");
  Facts facts;
  const Bio subject(BIO_new(BIO_s_mem()));
  X509_NAME_print_ex(subject.get(), X509_get_subject_name(certificate.get()), 0, XN_FLAG_RFC2253);
  facts.subject = text_of(subject.get());
  const Bio serial(BIO_new(BIO_s_mem()));
  i2a_ASN1_INTEGER(serial.get(), X509_get0_serialNumber(certificate.get()));
  facts.serial = text_of(serial.get());
  if (const int at = X509_get_ext_by_NID(certificate.get(), NID_subject_alt_name, -1); at >= 0) {
    const Bio names(BIO_new(BIO_s_mem()));
    X509V3_EXT_print(names.get(), X509_get_ext(certificate.get(), at), 0, 0);
    facts.names = text_of(names.get());
  }
  facts.common_name = common_name_of(certificate.get());
  facts.ends = end_of(certificate.get());
  facts.is_authority = X509_check_ca(certificate.get()) == 1;
  facts.is_for_clients = X509_check_purpose(certificate.get(), X509_PURPOSE_SSL_CLIENT, 0) == 1;
  return facts;
}

}  // namespace piman::manager::ca
