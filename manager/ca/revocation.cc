// SPDX-License-Identifier: Apache-2.0
#include "manager/ca/revocation.h"

#include "manager/ca/openssl_parts.h"

namespace piman::manager::ca {
namespace {

using List = std::unique_ptr<X509_CRL, Release<X509_CRL, X509_CRL_free>>;
using Entry = std::unique_ptr<X509_REVOKED, Release<X509_REVOKED, X509_REVOKED_free>>;
using Time = std::unique_ptr<ASN1_TIME, Release<ASN1_TIME, ASN1_TIME_free>>;
using Integer = std::unique_ptr<ASN1_INTEGER, Release<ASN1_INTEGER, ASN1_INTEGER_free>>;

constexpr std::chrono::hours kBackdated{1};

Time time_of(WallTime time) { return Time(ASN1_TIME_set(nullptr, std::chrono::system_clock::to_time_t(time))); }

Integer serial_of(const std::string& hex) {
  BIGNUM* raw = nullptr;
  const bool is_whole = !hex.empty() && BN_hex2bn(&raw, hex.c_str()) == static_cast<int>(hex.size());
  const Number number(raw);
  return Integer(is_whole ? BN_to_ASN1_INTEGER(number.get(), nullptr) : nullptr);
}

bool add(X509_CRL* list, const Revoked& revoked) {
  Entry entry(X509_REVOKED_new());
  const Integer serial = serial_of(revoked.serial);
  const Time when = time_of(revoked.when);
  if (!entry || !serial || !when || X509_REVOKED_set_serialNumber(entry.get(), serial.get()) != 1 ||
      X509_REVOKED_set_revocationDate(entry.get(), when.get()) != 1 || X509_CRL_add0_revoked(list, entry.get()) != 1) {
    return false;
  }
  entry.release();  // the list has it now
  return true;
}

/// Which of the CA's keys signed it, and a number that grows: both are asked for by RFC 5280.
bool add_extensions(X509_CRL* list, X509* issuer, WallTime now) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, nullptr, nullptr, list, 0);
  const Extension key(X509V3_EXT_nconf_nid(nullptr, &context, NID_authority_key_identifier, "keyid:always"));
  if (!key || X509_CRL_add_ext(list, key.get(), -1) != 1) return false;
  const Integer number(ASN1_INTEGER_new());
  return number && ASN1_INTEGER_set_int64(number.get(), std::chrono::system_clock::to_time_t(now)) == 1 &&
         X509_CRL_add1_ext_i2d(list, NID_crl_number, number.get(), 0, 0) == 1;
}

}  // namespace

Result<std::string> revocation_list(const Identity& authority, std::span<const Revoked> revoked, WallTime now) {
  const auto signer = read_signer(authority);
  if (!signer) return tl::unexpected<Error>(signer.error());
  X509* const issuer = signer->certificate.get();
  const List list(X509_CRL_new());
  const Time from = time_of(now - kBackdated), until = time_of(end_of(issuer));
  bool good = list && from && until && X509_CRL_set_version(list.get(), X509_CRL_VERSION_2) == 1 &&
              X509_CRL_set_issuer_name(list.get(), X509_get_subject_name(issuer)) == 1 &&
              X509_CRL_set1_lastUpdate(list.get(), from.get()) == 1 &&
              X509_CRL_set1_nextUpdate(list.get(), until.get()) == 1;
  for (const Revoked& each : revoked) {
    if (good && !add(list.get(), each)) return fail_openssl(concat("revoking ", quote(each.serial)));
  }
  good = good && add_extensions(list.get(), issuer, now) && X509_CRL_sort(list.get()) == 1 &&
         X509_CRL_sign(list.get(), signer->key.get(), EVP_sha256()) > 0;
  const Bio out(BIO_new(BIO_s_mem()));
  if (!good || !out || PEM_write_bio_X509_CRL(out.get(), list.get()) != 1) {
    return fail_openssl("making a list of revoked certificates");
  }
  return text_of(out.get());
}

}  // namespace piman::manager::ca
