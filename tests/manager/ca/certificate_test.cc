// SPDX-License-Identifier: Apache-2.0
#include "manager/ca/certificate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/text.h"
#include "manager/ca/revocation.h"
#include "tests/manager/ca/test_request.h"

namespace piman::manager::ca {
namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;

class CertificateTest : public ::testing::Test {
 protected:
  static Wanted wanted(const std::string& name) {
    Wanted out;
    out.name = name;
    out.addresses = {*Ipv4Address::parse("10.0.0.7")};
    return out;
  }
  std::string serial_of(const std::string& certificate) const { return facts_of(certificate)->serial; }

  const WallTime now_ = std::chrono::system_clock::now();
  const Identity authority_ = *make_authority("lab CA", now_, Days(3650));
};

TEST_F(CertificateTest, ARequestGetsTheManagersNamesAndItsOwnKey) {
  const TestKey key = curve_key();
  const auto signed_one = sign_request(authority_, request_of(key.get(), key.get(), "pi9"), wanted("pi7"), now_);
  ASSERT_TRUE(signed_one) << signed_one.error().message;
  EXPECT_EQ(verified(*signed_one, authority_.certificate), X509_V_OK);
  const auto facts = facts_of(*signed_one);
  ASSERT_TRUE(facts);
  EXPECT_EQ(facts->subject, "CN=pi7");
  EXPECT_EQ(facts->names, "DNS:pi7, IP Address:10.0.0.7");
  EXPECT_FALSE(facts->is_authority);
  EXPECT_TRUE(is_issued_by(*signed_one, authority_.certificate));
}

TEST_F(CertificateTest, RequestsThatAreNone) {
  const TestKey key = curve_key(), other = curve_key();
  const auto refused = [&](const std::string& request) {
    const auto result = sign_request(authority_, request, wanted("pi7"), now_);
    return result ? std::string("signed") : result.error().message;
  };
  EXPECT_THAT(refused(request_of(key.get(), other.get())), HasSubstr("not signed by its own key"));
  EXPECT_THAT(refused(""), HasSubstr("reading a request"));
  EXPECT_THAT(refused("-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----\n"),
              HasSubstr("reading a request"));
  EXPECT_THAT(refused(authority_.certificate), HasSubstr("reading a request"));
  EXPECT_THAT(refused(std::string(kMostRequestBytes + 1, 'x')), HasSubstr("more than"));
  const TestKey weak(EVP_RSA_gen(1024), &EVP_PKEY_free);
  EXPECT_THAT(refused(request_of(weak.get(), weak.get())), HasSubstr("none of P-256"));
  const TestKey odd = curve_key("secp521r1");
  EXPECT_THAT(refused(request_of(odd.get(), odd.get())), HasSubstr("none of P-256"));
  const TestKey other_256 = curve_key("secp256k1");
  EXPECT_THAT(refused(request_of(other_256.get(), other_256.get())), HasSubstr("none of P-256"));
  const TestKey larger = curve_key("P-384");
  EXPECT_EQ(refused(request_of(larger.get(), larger.get())), "signed");
  const TestKey rsa(EVP_RSA_gen(2048), &EVP_PKEY_free);
  EXPECT_EQ(refused(request_of(rsa.get(), rsa.get())), "signed");
}

TEST_F(CertificateTest, EveryTruncationOfARequestIsRefused) {
  const TestKey key = curve_key();
  const std::string whole = request_of(key.get(), key.get());
  const std::size_t end = whole.rfind("-----END") + std::string("-----END CERTIFICATE REQUEST-----").size();
  for (std::size_t size = 0; size < end; size += 3) {
    EXPECT_FALSE(sign_request(authority_, whole.substr(0, size), wanted("pi7"), now_)) << size;
  }
}

TEST_F(CertificateTest, RenewedItIsGoodForTheSameAndByTheNewOne) {
  const auto old = issue(authority_, wanted("pi7"), now_);
  const auto next = make_authority("next CA", now_, Days(10));
  const auto renewed = renew(*next, old->certificate, Days(3650), now_);
  ASSERT_TRUE(renewed) << renewed.error().message;
  EXPECT_TRUE(is_pair({*renewed, old->key})) << "it is for the same key";
  EXPECT_EQ(facts_of(*renewed)->names, facts_of(old->certificate)->names);
  EXPECT_EQ(facts_of(*renewed)->subject, "CN=pi7");
  EXPECT_NE(serial_of(*renewed), serial_of(old->certificate));
  EXPECT_LE(facts_of(*renewed)->ends, facts_of(next->certificate)->ends);
  EXPECT_EQ(verified(*renewed, next->certificate), X509_V_OK);
  EXPECT_NE(verified(*renewed, authority_.certificate), X509_V_OK);
  EXPECT_NE(verified(old->certificate, next->certificate), X509_V_OK);
  const std::string both = next->certificate + authority_.certificate;
  EXPECT_EQ(verified(old->certificate, both), X509_V_OK);
  EXPECT_EQ(verified(*renewed, both), X509_V_OK);
  EXPECT_FALSE(renew(*next, "no certificate", Days(1), now_));
  EXPECT_FALSE(renew(*next, old->certificate, Days(1), now_ + Days(11))) << "the CA has ended";
}

TEST_F(CertificateTest, WhatWasTakenBackIsRefusedAndNothingElse) {
  const auto lost = issue(authority_, wanted("pi7"), now_), kept = issue(authority_, wanted("pi8"), now_);
  const std::vector<Revoked> none;
  const auto empty = revocation_list(authority_, none, now_);
  ASSERT_TRUE(empty) << empty.error().message;
  EXPECT_EQ(verified(lost->certificate, authority_.certificate, *empty), X509_V_OK);
  const std::vector<Revoked> one = {{serial_of(lost->certificate), now_}};
  const auto list = revocation_list(authority_, one, now_);
  ASSERT_TRUE(list) << list.error().message;
  EXPECT_EQ(verified(lost->certificate, authority_.certificate, *list), X509_V_ERR_CERT_REVOKED);
  EXPECT_EQ(verified(kept->certificate, authority_.certificate, *list), X509_V_OK);
  const auto foreign = make_authority("lab CA", now_, Days(10));  // the same name, another key
  EXPECT_NE(verified(kept->certificate, authority_.certificate, *revocation_list(*foreign, none, now_)), X509_V_OK);
  for (const char* serial : {"", "x", "12g"}) {
    const std::vector<Revoked> odd = {{serial, now_}};
    EXPECT_FALSE(revocation_list(authority_, odd, now_)) << serial;
  }
}

TEST_F(CertificateTest, NamesAsPeopleWroteThem) {
  const auto odd = make_authority(
      "K\xC3\xBC"
      "che, lab",
      now_, Days(1));
  ASSERT_TRUE(odd);
  EXPECT_EQ(facts_of(odd->certificate)->common_name,
            "K\xC3\xBC"
            "che, lab");
}

TEST_F(CertificateTest, CertificatesInAText) {
  const std::string both =
      "Bag\n" + authority_.certificate + "# next\n" + make_authority("b", now_, Days(1))->certificate;
  const auto found = certificates_in(both);
  ASSERT_THAT(found, SizeIs(2));
  EXPECT_EQ(found[0], authority_.certificate);
  for (std::size_t size = 0; size < both.size(); size += 7) EXPECT_LE(certificates_in(both.substr(0, size)).size(), 1U);
  std::string many;
  for (int i = 0; i < 100; ++i) many += authority_.certificate;
  EXPECT_THAT(certificates_in(many), SizeIs(kMostCertificates));
}

}  // namespace
}  // namespace piman::manager::ca
