// SPDX-License-Identifier: Apache-2.0
#include "manager/http_boot/install_routes.h"

#include <gmock/gmock.h>

#include <array>

#include "common/text.h"
#include "tests/support/temp_tree.h"

namespace piman::manager {
namespace {

const std::string kHash(64, 'a');
const std::string kToken(32, '1');

class InstallRoutesTest : public testing::Test {
 protected:
  InstallRoutesTest() {
    tree_.put("image", "0123456789");
    routes_.add_to(router_);
    routes_.grant({kToken, *Ipv4Address::parse("10.0.0.5"), {"i", "1", "tar.gz", kHash, 10, tree_.path("image")}});
  }
  http::Response get(const std::string& query, const std::string& client = "10.0.0.5", const std::string& hash = kHash,
                     http::Headers headers = {}) {
    http::Request request;
    request.method = "GET";
    request.path = "/install/image/" + hash;
    request.query = query;
    request.remote_address = client;
    request.headers = std::move(headers);
    return router_.dispatch(request);
  }
  static std::string body(const http::Response& response) {
    std::array<char, 100> buffer;
    const auto bytes = response.part->source->read(response.part->first, buffer);
    return std::string(bytes.substr(0, response.part->length));
  }

  http::Response ask(const std::string& request, const std::string& query, const std::string& client = "10.0.0.5") {
    http::Request asked;
    asked.method = "POST";
    asked.path = "/install/certificate";
    asked.query = query;
    asked.remote_address = client;
    asked.body = request;
    return router_.dispatch(asked);
  }

  test::TempTree tree_;
  http::Router router_;
  InstallRoutes routes_;
};

TEST_F(InstallRoutesTest, SendsTheImageWholeAndInRangesToItsNode) {
  const auto whole = get("token=" + kToken);
  ASSERT_EQ(whole.status, 200);
  EXPECT_EQ(body(whole), "0123456789");
  const auto rest = get("token=" + kToken, "10.0.0.5", kHash, {{"Range", "bytes=4-"}, {"If-Range", '"' + kHash + '"'}});
  ASSERT_EQ(rest.status, 206);
  EXPECT_EQ(body(rest), "456789");
}

TEST_F(InstallRoutesTest, RefusesWithoutATokenOfThatNodeAndImage) {
  EXPECT_EQ(get("").status, 403);
  EXPECT_EQ(get("token=").status, 403);
  EXPECT_EQ(get("token=" + std::string(32, '2')).status, 403);
  EXPECT_EQ(get("token=" + kToken + "&token=" + kToken).status, 403);
  EXPECT_EQ(get("token=" + kToken, "10.0.0.6").status, 403);
  EXPECT_EQ(get("token=" + kToken, "10.0.0.5", std::string(64, 'b')).status, 403);
  EXPECT_EQ(get("token=" + kToken, "::1").status, 403);
}

TEST_F(InstallRoutesTest, ATokenEndsWithItsInstallAndSoDoTransfers) {
  const auto running = get("token=" + kToken);
  ASSERT_EQ(running.status, 200);
  routes_.revoke(kToken);
  EXPECT_EQ(get("token=" + kToken).status, 403);
  EXPECT_EQ(body(running), "");
}

TEST_F(InstallRoutesTest, HasALimitOfTransfersAndGivesPlacesBack) {
  for (int round = 0; round < 2; ++round) {
    std::vector<http::Response> running;
    for (int i = 0; i < 4; ++i) running.push_back(get("token=" + kToken));
    EXPECT_EQ(running.back().status, 200);
    EXPECT_EQ(get("token=" + kToken).status, 503);
  }
  tree_.put("image", "another size");
  EXPECT_EQ(get("token=" + kToken).status, 500);
}

TEST_F(InstallRoutesTest, GivesNoCertificatesUnlessThereIsACa) {
  EXPECT_FALSE(routes_.gives_certificates());
  EXPECT_EQ(ask("request", "token=" + kToken).status, 404);
}

class CertificateRoutesTest : public InstallRoutesTest {
 protected:
  CertificateRoutesTest() {
    routes_.sign_with([this](const std::string& request, const netboot::Host& node) -> Result<std::string> {
      ++signed_;
      if (request.empty()) return fail("no request");
      return concat("certificate of ", node.name, " for ", request);
    });
    router_ = http::Router();
    routes_.add_to(router_);
    netboot::Host node;
    node.name = "pi7";
    routes_.grant(
        {kToken, *Ipv4Address::parse("10.0.0.5"), {"i", "1", "tar.gz", kHash, 10, tree_.path("image")}, node});
  }
  int signed_ = 0;
};

TEST_F(CertificateRoutesTest, OneKeyForEachInstall) {
  EXPECT_TRUE(routes_.gives_certificates());
  const std::string query = "token=" + kToken;
  EXPECT_EQ(ask("", query).status, 400);
  EXPECT_EQ(ask("request", query).body, "certificate of pi7 for request")
      << "a refused request was no use of the token";
  EXPECT_EQ(ask("request", query).status, 200) << "the answer may have been lost";
  EXPECT_EQ(ask("another", query).status, 409) << "somebody else has seen the token";
  EXPECT_EQ(signed_, 2);
}

TEST_F(CertificateRoutesTest, NobodyFillsTheLogWithRefusals) {
  const std::string query = "token=" + kToken;
  for (int i = 0; i < 100; ++i) EXPECT_NE(ask("", query).status, 200);
  EXPECT_EQ(signed_, 16);
  EXPECT_EQ(ask("request", query).status, 403);
}

TEST_F(CertificateRoutesTest, ForThatNodeWhileItsInstallRuns) {
  for (const char* query : {"", "token=", "token=22222222222222222222222222222222"})
    EXPECT_EQ(ask("request", query).status, 403);
  EXPECT_EQ(ask("request", "token=" + kToken, "10.0.0.6").status, 403);
  routes_.revoke(kToken);
  EXPECT_EQ(ask("request", "token=" + kToken).status, 403);
  EXPECT_EQ(signed_, 0);
}

}  // namespace
}  // namespace piman::manager
