// SPDX-License-Identifier: Apache-2.0
#include "manager/boot_image/signature.h"

#include <gmock/gmock.h>

#include "common/text.h"
#include "tests/manager/boot_image/shell.h"
#include "tests/support/temp_tree.h"

/// Against the `openssl` program, which signs and verifies on its own.
namespace piman::manager {
namespace {

using test::shell;
using test::shell_output;
using testing::HasSubstr;

class SignatureTest : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    keys_ = new test::TempTree;
    shell_output(concat("cd ", keys_->path(),
                        " && openssl genrsa -out private.pem 2048 && openssl rsa -in private.pem ",
                        "-pubout -out public.pem && openssl genrsa -out other.pem 2048 && ",
                        "openssl rsa -in other.pem -pubout -out other_public.pem"));
  }
  static void TearDownTestSuite() {
    delete keys_;
    keys_ = nullptr;
  }

  SignatureTest() : tree_({{"boot.img", std::string(300'000, 'i')}}) {}
  static std::string key(std::string_view name) { return keys_->path(name); }
  std::string image() const { return tree_.path("boot.img"); }
  BootSignature signature() const {
    auto made = sign_boot_image(image(), key("private.pem"), 1'700'000'000);
    EXPECT_TRUE(made) << made.error().message;
    return made ? *made : BootSignature{};
  }
  std::string sign_error(const std::string& key_file) const {
    const auto made = sign_boot_image(image(), key_file, 0);
    return made ? "" : made.error().message;
  }
  std::string verify_error(const BootSignature& signature, const std::string& key_file) const {
    const auto verified = verify_boot_image(image(), signature, key_file);
    return verified ? "" : verified.error().message;
  }

  static test::TempTree* keys_;
  test::TempTree tree_;
};
test::TempTree* SignatureTest::keys_ = nullptr;

TEST_F(SignatureTest, IsByteForByteThatOfOpenssl) {
  const BootSignature made = signature();
  const std::string theirs =
      shell_output(concat("openssl dgst -sha256 -sign ", key("private.pem"), " -hex ", image(), " | sed 's/.*= *//'"));
  EXPECT_EQ(hex_of(made.rsa.data(), made.rsa.size()), trim(theirs));
  EXPECT_EQ(hex_of(made.sha256.data(), made.sha256.size()), shell_output(concat("sha256sum ", image())).substr(0, 64));
}

TEST_F(SignatureTest, OpensslVerifiesIt) {
  const BootSignature made = signature();
  tree_.put("sig", std::string(made.rsa.begin(), made.rsa.end()));
  EXPECT_THAT(shell_output(concat("openssl dgst -sha256 -verify ", key("public.pem"), " -signature ", tree_.path("sig"),
                                  ' ', image())),
              HasSubstr("Verified OK"));
  EXPECT_NE(shell(concat("openssl dgst -sha256 -verify ", key("other_public.pem"), " -signature ", tree_.path("sig"),
                         ' ', image()))
                .status,
            0);
}

TEST_F(SignatureTest, OneMadeByOpensslIsVerified) {
  shell_output(concat("openssl dgst -sha256 -sign ", key("private.pem"), " -out ", tree_.path("sig"), ' ', image()));
  const std::string bytes = test::read_file(tree_.path("sig"));
  BootSignature theirs = signature();
  theirs.rsa.assign(bytes.begin(), bytes.end());
  EXPECT_EQ(verify_error(theirs, key("public.pem")), "");
}

TEST_F(SignatureTest, AnotherKeyIsNotTaken) {
  EXPECT_EQ(verify_error(signature(), key("public.pem")), "");
  EXPECT_THAT(verify_error(signature(), key("other_public.pem")), HasSubstr("was not signed with the private half"));
}

TEST_F(SignatureTest, AnyOtherBitIsNoticed) {
  for (const std::size_t at : {0U, 1U, 128U, 255U}) {
    BootSignature forged = signature();
    forged.rsa[at] ^= 1U;
    EXPECT_THAT(verify_error(forged, key("public.pem")), HasSubstr("was not signed")) << at;
  }
  BootSignature forged = signature();
  forged.sha256[0] ^= 1U;
  EXPECT_THAT(verify_error(forged, key("public.pem")), HasSubstr("cut short or was changed"));
}

TEST_F(SignatureTest, ATruncatedOrChangedImageIsNoticed) {
  const BootSignature made = signature();
  tree_.put("boot.img", std::string(299'999, 'i'));
  EXPECT_THAT(verify_error(made, key("public.pem")), HasSubstr("cut short or was changed"));
  tree_.put("boot.img", "");
  EXPECT_THAT(verify_error(made, key("public.pem")), HasSubstr("cut short or was changed"));
  // Even where the digest line was changed along with the image.
  BootSignature forged = made;
  forged.sha256 = *sha256_of_file(image());
  EXPECT_THAT(verify_error(forged, key("public.pem")), HasSubstr("was not signed"));
}

TEST_F(SignatureTest, AnUnsignedOneIsNotTaken) {
  BootSignature unsigned_one = signature();
  unsigned_one.rsa.clear();
  EXPECT_THAT(verify_error(unsigned_one, key("public.pem")), HasSubstr("no rsa2048 line"));
}

TEST_F(SignatureTest, KeysThatBootloadersDoNotTake) {
  shell_output(concat("cd ", tree_.path(),
                      " && openssl genrsa -out rsa4096.pem 4096 && openssl genrsa -out rsa1024.pem 1024 && ",
                      "openssl ecparam -name prime256v1 -genkey -noout -out ec.pem && ",
                      "openssl genpkey -algorithm RSA-PSS -pkeyopt rsa_keygen_bits:2048 -out pss.pem && ",
                      "openssl rsa -in rsa4096.pem -pubout -out rsa4096_public.pem"));
  EXPECT_THAT(sign_error(tree_.path("rsa4096.pem")), HasSubstr("an RSA key of 4096 bits: bootloaders take only 2048"));
  EXPECT_THAT(sign_error(tree_.path("rsa1024.pem")), HasSubstr("1024 bits"));
  EXPECT_THAT(sign_error(tree_.path("ec.pem")), HasSubstr("not an RSA key"));
  EXPECT_THAT(sign_error(tree_.path("pss.pem")), HasSubstr("not an RSA key"));
  EXPECT_THAT(verify_error(signature(), tree_.path("rsa4096_public.pem")), HasSubstr("4096 bits"));
}

TEST_F(SignatureTest, FilesThatAreNoKeys) {
  tree_.put("text", "not a key");
  tree_.put("empty", "");
  tree_.put("huge", std::string(100'000, 'x'));
  shell_output(
      concat("openssl rsa -aes256 -passout pass:secret -in ", key("private.pem"), " -out ", tree_.path("locked")));
  EXPECT_THAT(sign_error(tree_.path("text")), HasSubstr("no private key in PEM form"));
  EXPECT_THAT(sign_error(tree_.path("empty")), HasSubstr("no private key in PEM form"));
  EXPECT_THAT(sign_error(tree_.path("huge")), HasSubstr("larger than 65536 bytes"));
  EXPECT_THAT(sign_error(tree_.path("locked")), HasSubstr("has a passphrase"));
  EXPECT_THAT(sign_error(tree_.path("missing")), HasSubstr("No such file"));
  EXPECT_THAT(sign_error(tree_.path()), HasSubstr("Is a directory"));
  EXPECT_THAT(sign_error(key("public.pem")), HasSubstr("no private key"));
  EXPECT_THAT(verify_error(signature(), key("private.pem")), HasSubstr("openssl rsa -in PRIVATE.pem -pubout"));
}

TEST_F(SignatureTest, TooLargeAnImageIsRefused) {
  shell_output(concat("truncate -s ", kMostBootImageBytes + 1, ' ', image()));
  EXPECT_THAT(sign_error(key("private.pem")), HasSubstr("more than 128 MiB"));
  shell_output(concat("truncate -s ", kMostBootImageBytes, ' ', image()));
  EXPECT_EQ(sign_error(key("private.pem")), "");
}

}  // namespace
}  // namespace piman::manager
