// SPDX-License-Identifier: Apache-2.0
#include "manager/ca/folder.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>

#include "manager/ca/command_parts.h"
#include "tests/manager/ca/test_request.h"
#include "tests/support/temp_tree.h"

namespace piman::manager::ca {
namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;

class FolderTest : public ::testing::Test {
 protected:
  FolderTest() { EXPECT_TRUE(create(folder_, *make_authority("lab CA", now_, Days(3650)), now_)); }

  /// As for a node that made its key itself.
  std::string issue_to(const std::string& name) {
    Wanted wanted;
    wanted.name = name;
    const auto authority = read_authority(folder_);
    const std::string certificate = issue(*authority, wanted, now_)->certificate;
    EXPECT_TRUE(store(folder_, name, {certificate, {}}, now_));
    return certificate;
  }
  std::string file(const std::string& name) const { return test::read_file(folder_ + '/' + name); }
  bool has(const std::string& name) const { return ::access((folder_ + '/' + name).c_str(), F_OK) == 0; }
  int checked(const std::string& certificate) const { return verified(certificate, file("ca.crt"), file("ca.crl")); }
  void rotate() { EXPECT_TRUE(add_authority(folder_, *make_authority("next CA", now_, Days(3650)), now_)); }

  test::TempTree tree_;
  const std::string folder_ = tree_.path("ca");
  const WallTime now_ = std::chrono::system_clock::now();
};

TEST_F(FolderTest, RevokesAllThatANameEverGot) {
  const std::string first = issue_to("pi7"), second = issue_to("pi7"), other = issue_to("pi8");
  EXPECT_EQ(checked(first), X509_V_OK);
  EXPECT_EQ(revoke(folder_, "pi7", now_).value(), 2U);
  EXPECT_EQ(checked(first), X509_V_ERR_CERT_REVOKED);
  EXPECT_EQ(checked(second), X509_V_ERR_CERT_REVOKED);
  EXPECT_EQ(checked(other), X509_V_OK);
  EXPECT_EQ(revoke(folder_, "pi7", now_).value(), 0U) << "once is enough";
  const std::string third = issue_to("pi7");
  EXPECT_EQ(checked(third), X509_V_OK) << "what came after is another one";
  EXPECT_FALSE(revoke(folder_, "pi9", now_));
}

TEST_F(FolderTest, ARevocationThatWasCutShortIsMadeGood) {
  const std::string certificate = issue_to("pi7");
  const std::string before = file("ca.crl");
  EXPECT_EQ(revoke(folder_, "pi7", now_).value(), 1U);
  tree_.put("ca/ca.crl", before);  // as if the program had died between the two files
  EXPECT_TRUE(revoke(folder_, "pi7", now_));
  EXPECT_EQ(checked(certificate), X509_V_ERR_CERT_REVOKED);
}

TEST_F(FolderTest, WhileItIsRotatedBothAreTrustedAndBothCanRevoke) {
  const std::string old = issue_to("pi7"), lost = issue_to("pi8");
  rotate();
  const std::string fresh = issue_to("pi9");
  EXPECT_EQ(checked(old), X509_V_OK);
  EXPECT_EQ(checked(fresh), X509_V_OK);
  EXPECT_TRUE(revoke(folder_, "pi8", now_));
  EXPECT_TRUE(revoke(folder_, "pi9", now_));
  EXPECT_EQ(checked(lost), X509_V_ERR_CERT_REVOKED);
  EXPECT_EQ(checked(fresh), X509_V_ERR_CERT_REVOKED);
  EXPECT_EQ(checked(old), X509_V_OK);
  EXPECT_THAT(read_authorities(folder_).value(), SizeIs(2));
  EXPECT_EQ(drop_old_authorities(folder_, now_).value(), 1U);
  EXPECT_NE(checked(old), X509_V_OK);
  EXPECT_FALSE(has("ca.key"));
  EXPECT_TRUE(has("ca-2.key"));
  EXPECT_EQ(checked(issue_to("pi7")), X509_V_OK);
  rotate();
  EXPECT_EQ(checked(issue_to("pi7")), X509_V_OK) << "a number that is free again is used again";
}

TEST_F(FolderTest, ARotationThatWasCutShortLeavesACaThatWorks) {
  const std::string certificate = issue_to("pi7");
  // The key of the next one is there, its certificate is not.
  tree_.put("ca/ca-2.key", make_authority("next CA", now_, Days(10))->key);
  EXPECT_EQ(checked(issue_to("pi8")), X509_V_OK);
  EXPECT_EQ(checked(certificate), X509_V_OK);
  rotate();
  EXPECT_THAT(read_authorities(folder_).value(), SizeIs(2));
  EXPECT_EQ(drop_old_authorities(folder_, now_).value(), 1U);
  EXPECT_FALSE(has("ca-2.key")) << "a key of nobody";
  EXPECT_TRUE(has("ca-3.key"));
}

TEST_F(FolderTest, ARotationGoesOnWhereItWasAndSignsOnlyWhatItsOwnCaDid) {
  issue_to("pi7");
  Wanted wanted;
  wanted.name = "pi8";
  const auto stranger = make_authority("somebody's CA", now_, Days(3650));
  const std::string foreign = issue(*stranger, wanted, now_)->certificate;
  tree_.put("ca/pi8.crt", foreign);
  tree_.put("ca/odd name.crt", file("pi7.crt"));
  const std::string before = file("ca.crl");
  rotate();
  tree_.put("ca/ca.crl", before);  // as if it had died before its list
  const std::string flag = "--ca.dir=" + folder_;
  const std::array<const char*, 1> arguments = {flag.c_str()};
  testing::internal::CaptureStderr();
  EXPECT_EQ(run_rotate(arguments), kFailed);
  const std::string said = testing::internal::GetCapturedStderr();
  EXPECT_THAT(said, HasSubstr("pi8.crt: not of this CA"));
  EXPECT_THAT(said, HasSubstr("odd name.crt"));
  EXPECT_EQ(file("pi8.crt"), foreign) << "nobody gets a certificate by a file in the folder";
  EXPECT_TRUE(is_issued_by(file("pi7.crt"), read_authority(folder_)->certificate));
  EXPECT_EQ(checked(file("pi7.crt")), X509_V_OK);
  EXPECT_EQ(checked(issue_to("pi9")), X509_V_OK) << "the ledger can be read still";
}

TEST_F(FolderTest, ANodeIsNotCalledAsAClient) {
  EXPECT_TRUE(check_free_for_node(folder_, "pi7"));
  issue_to("pi7");
  EXPECT_TRUE(check_free_for_node(folder_, "pi7")) << "it is installed anew";
  Wanted wanted;
  wanted.name = "manager";
  wanted.for_client = true;
  wanted.for_server = false;
  EXPECT_TRUE(store(folder_, "manager", *issue(*read_authority(folder_), wanted, now_), now_));
  const auto refused = check_free_for_node(folder_, "manager");
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message, HasSubstr("manager.crt is for a client"));
}

TEST_F(FolderTest, ALedgerThatIsFullIsSaidBeforeItCanNotBeReadAnyMore) {
  std::string full;
  while (full.size() + 100 < kMostLedgerBytes) full += "0123456789ABCDEF0123456789ABCDEF;pi7;4000000000\n";
  tree_.put("ca/issued.csv", full);
  Wanted wanted;
  wanted.name = "pi8";
  const std::string certificate = issue(*read_authority(folder_), wanted, now_)->certificate;
  Result<void> stored;
  for (int i = 0; i < 3 && stored; ++i) stored = store(folder_, "pi8", {certificate, {}}, now_);
  ASSERT_FALSE(stored);
  EXPECT_THAT(stored.error().message, HasSubstr("issued.csv is full"));
  EXPECT_TRUE(revoke(folder_, "pi7", now_)) << "it can be read still";
}

TEST_F(FolderTest, ListsWhatItIs) {
  issue_to("pi7");
  rotate();
  issue_to("pi8");
  EXPECT_TRUE(revoke(folder_, "pi8", now_));
  std::vector<std::string> seen;
  const auto found = list(folder_);  // a range of a temporary's value would be gone
  ASSERT_TRUE(found);
  for (const Listed& each : *found) {
    seen.push_back(each.file + (each.is_of_present_ca ? " present" : " former") + (each.is_revoked ? " revoked" : ""));
  }
  EXPECT_THAT(seen,
              ::testing::ElementsAre("ca.crt present", "ca.crt former", "pi7.crt former", "pi8.crt present revoked"));
}

TEST_F(FolderTest, KeysAreTheirOwnersAndAStaleOneGoes) {
  Wanted wanted;
  wanted.name = "pi7";
  EXPECT_TRUE(store(folder_, "pi7", *issue(*read_authority(folder_), wanted, now_), now_));
  for (const char* name : {"ca.key", "pi7.key"}) {
    struct stat status {};
    ASSERT_EQ(::stat((folder_ + '/' + name).c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777U, 0600U) << name;
  }
  issue_to("pi7");  // it made another key itself
  EXPECT_FALSE(has("pi7.key"));
}

TEST_F(FolderTest, WhatIsBrokenIsSaid) {
  EXPECT_FALSE(create(folder_, *make_authority("other", now_, Days(1)), now_)) << "there is one";
  EXPECT_FALSE(FolderLock::take(tree_.path("absent")));
  const auto absent = read_authority(tree_.path("absent"));
  ASSERT_FALSE(absent);
  EXPECT_THAT(absent.error().message, HasSubstr("piman ca init"));
  tree_.put("ca/issued.csv", "half a li");
  const auto stored = store(folder_, "pi7", {file("ca.crt"), {}}, now_);
  ASSERT_FALSE(stored);
  EXPECT_THAT(stored.error().message, HasSubstr("issued.csv: line 1"));
  EXPECT_FALSE(has("pi7.crt")) << "what is not on record is not given";
  tree_.put("ca/ca.key", make_authority("other", now_, Days(1))->key);
  EXPECT_FALSE(read_authority(folder_));
}

TEST_F(FolderTest, OneAtATime) {
  const UniqueFd other(::open(folder_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  {
    const auto lock = FolderLock::take(folder_);
    ASSERT_TRUE(lock);
    EXPECT_NE(::flock(other.get(), LOCK_EX | LOCK_NB), 0);
  }
  EXPECT_EQ(::flock(other.get(), LOCK_EX | LOCK_NB), 0);
}

}  // namespace
}  // namespace piman::manager::ca
