// SPDX-License-Identifier: Apache-2.0
#include "manager/ca/certificate.h"

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <ctime>
#include <initializer_list>
#include <memory>
#include <utility>

#include "common/text.h"

namespace piman::manager::ca {
namespace {

constexpr std::chrono::hours kBackdated{1};
constexpr int kSerialBits = 127;  // positive, and of at most 20 bytes (RFC 5280 section 4.1.2.2)

template <class Type, void (*release)(Type*)>
struct Release {
  void operator()(Type* thing) const { release(thing); }
};
void free_bio(BIO* bio) { BIO_free(bio); }
using Key = std::unique_ptr<EVP_PKEY, Release<EVP_PKEY, EVP_PKEY_free>>;
using Certificate = std::unique_ptr<X509, Release<X509, X509_free>>;
using Bio = std::unique_ptr<BIO, Release<BIO, free_bio>>;
using Number = std::unique_ptr<BIGNUM, Release<BIGNUM, BN_free>>;
using Extension = std::unique_ptr<X509_EXTENSION, Release<X509_EXTENSION, X509_EXTENSION_free>>;

tl::unexpected<Error> fail_openssl(std::string_view what) {
  const unsigned long code = ERR_peek_last_error();
  ERR_clear_error();
  const char* const reason = code == 0 ? nullptr : ERR_reason_error_string(code);
  return fail(concat(what, ": ", reason == nullptr ? "unknown reason" : reason));
}

std::string text_of(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  return size <= 0 ? std::string() : std::string(data, static_cast<std::size_t>(size));
}
Bio bio_of(std::string_view text) { return Bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size()))); }

/// Instead of a question at the terminal.
int no_passphrase(char* /*buffer*/, int /*size*/, int /*writing*/, void* /*user*/) { return -1; }

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

Result<Identity> identity_of(X509* certificate, EVP_PKEY* key) {
  const Bio certificate_out(BIO_new(BIO_s_mem()));
  const Bio key_out(BIO_new(BIO_s_secmem()));
  if (!certificate_out || !key_out || PEM_write_bio_X509(certificate_out.get(), certificate) != 1 ||
      PEM_write_bio_PKCS8PrivateKey(key_out.get(), key, nullptr, nullptr, 0, nullptr, nullptr) != 1) {
    return fail_openssl("writing a certificate");
  }
  return Identity{text_of(certificate_out.get()), text_of(key_out.get())};
}

std::string subject_alternatives(const Wanted& wanted) {
  std::string names = concat("DNS:", wanted.name);
  for (const Ipv4Address address : wanted.addresses) names += concat(",IP:", address.to_string());
  return names;
}

WallTime end_of(const X509* certificate) {
  std::tm parts{};
  if (ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &parts) != 1) return {};
  return std::chrono::system_clock::from_time_t(::timegm(&parts));
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
  const Certificate issuer(PEM_read_bio_X509(bio_of(authority.certificate).get(), nullptr, &no_passphrase, nullptr));
  if (!issuer) return fail_openssl("reading the CA's certificate");
  const Key signer(PEM_read_bio_PrivateKey(bio_of(authority.key).get(), nullptr, &no_passphrase, nullptr));
  if (!signer) return fail_openssl("reading the CA's key");
  if (X509_check_private_key(issuer.get(), signer.get()) != 1) {
    ERR_clear_error();
    return fail("the CA's key does not belong to its certificate");
  }
  const WallTime until = std::min<WallTime>(now + wanted.valid, end_of(issuer.get()));
  if (until <= now) return fail("the CA's certificate has ended");
  const Key key(EVP_EC_gen("P-256"));
  if (!key) return fail_openssl("making a key");
  const Certificate certificate = begin_certificate(key.get(), now, until);
  const std::string usage =
      concat(wanted.for_server ? "serverAuth" : "", wanted.for_server && wanted.for_client ? "," : "",
             wanted.for_client ? "clientAuth" : "");
  const bool good = certificate && set_subject(certificate.get(), wanted.name) &&
                    X509_set_issuer_name(certificate.get(), X509_get_subject_name(issuer.get())) == 1 &&
                    add_extensions(certificate.get(), issuer.get(),
                                   {{NID_basic_constraints, "critical,CA:FALSE"},
                                    {NID_key_usage, "critical,digitalSignature"},
                                    {NID_ext_key_usage, usage},
                                    {NID_subject_alt_name, subject_alternatives(wanted)},
                                    {NID_authority_key_identifier, "keyid:always"}}) &&
                    X509_sign(certificate.get(), signer.get(), EVP_sha256()) > 0;
  if (!good) return fail_openssl(concat("making the certificate of ", wanted.name));
  return identity_of(certificate.get(), key.get());
}

Result<Facts> facts_of(std::string_view pem) {
  const Certificate certificate(PEM_read_bio_X509(bio_of(pem).get(), nullptr, &no_passphrase, nullptr));
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
  facts.ends = end_of(certificate.get());
  facts.is_authority = X509_check_ca(certificate.get()) == 1;
  return facts;
}

}  // namespace piman::manager::ca
