// SPDX-License-Identifier: Apache-2.0
#include "manager/http_boot/http_boot.h"

#include <gmock/gmock.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <mutex>
#include <random>
#include <stdexcept>
#include <thread>
#include <vector>

#include "common/text.h"
#include "tests/manager/boot_image/shell.h"
#include "tests/support/tcp_client.h"
#include "tests/support/temp_tree.h"

namespace piman::manager {
namespace {

using netboot::TransferEvent;
using netboot::tftp::BootClient;
using netboot::tftp::BootFiles;
using std::chrono::milliseconds;
using test::http_get;
using test::HttpReply;
using test::shell_output;
using test::TcpClient;
using testing::ElementsAre;
using testing::HasSubstr;

Ipv4Address ip(std::string_view text) { return *Ipv4Address::parse(text); }

/// Two nodes: 127.0.0.1 is pi1 of the group "rack", 127.0.0.2 is pi2. Nobody else is known.
std::optional<BootClient> find_client(Ipv4Address address) {
  BootClient client;
  client.host.address = address;
  if (address == ip("127.0.0.1")) {
    client.host.name = "pi1";
    client.host.group = "rack";
  } else if (address == ip("127.0.0.2")) {
    client.host.name = "pi2";
  } else {
    return std::nullopt;
  }
  return client;
}

class HttpBootTest : public testing::Test {
 protected:
  HttpBootTest() : image_(5'000'000, '\0') {
    std::mt19937 random(8);
    for (char& byte : image_) byte = static_cast<char>(random());
    tree_.put("root/images/default/boot.img", image_);
    tree_.put("root/images/default/boot.sig", "the signature\n");
    tree_.put("root/images/default/kernel8.img", "kernel of all");
    tree_.put("root/images/default/cmdline.txt.in", "name={{name}} server={{server}}\n");
    tree_.put("root/images/default/bad.txt.in", "{{nonsense}}\n");
    tree_.put("root/groups/rack/kernel8.img", "kernel of the rack");
    tree_.put("root/nodes/pi2/boot.sig", "the signature of pi2\n");
    tree_.put("secret", "not for booting");
    tree_.put("root/images/default/leak", test::link("../../../secret"));
    settings_.listen_address = HostPort{"127.0.0.1", 0, false};
    settings_.threads = 4;
    auto files = BootFiles::open(tree_.path("root"), {});
    if (!files) throw std::runtime_error(files.error().message);
    files_.emplace(std::move(*files));
  }

  void start() {
    auto started = HttpBoot::start(settings_,
                                   {*files_, find_client,
                                    [this](const TransferEvent& event) {
                                      const std::lock_guard lock(mutex_);
                                      events_.push_back(event);
                                    }},
                                   nullptr, log_);
    ASSERT_TRUE(started) << started.error().message;
    boot_ = std::move(*started);
  }
  std::uint16_t port() const { return boot_->port(); }
  std::string url(std::string_view path) const { return concat("http://127.0.0.1:", port(), path); }

  /// All events until the one with this outcome, waited for.
  std::vector<TransferEvent> events_until(std::string_view outcome) {
    for (int i = 0; i < 1000; ++i) {
      {
        const std::lock_guard lock(mutex_);
        if (!events_.empty() && events_.back().outcome == outcome) return std::exchange(events_, {});
      }
      std::this_thread::sleep_for(milliseconds(10));
    }
    const std::lock_guard lock(mutex_);
    ADD_FAILURE() << "no " << outcome << ", the last is " << (events_.empty() ? "none" : events_.back().outcome);
    return std::exchange(events_, {});
  }

  test::TempTree tree_;
  std::string image_;
  HttpBootSettings settings_;
  std::optional<BootFiles> files_;
  Logger log_{LogLevel::kError, LogFormat::kLogfmt, [](std::string_view line) { ADD_FAILURE() << line; }};
  std::mutex mutex_;
  std::vector<TransferEvent> events_;
  std::unique_ptr<HttpBoot> boot_;
};

TEST_F(HttpBootTest, ABootloaderGetsSignatureAndImage) {
  start();
  TcpClient client(port());  // as a bootloader asks: one file after the other, few headers
  client.send(concat("GET /net_install/boot.sig HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"));
  const HttpReply signature = client.receive_reply();
  EXPECT_EQ(signature.body, "the signature\n");
  EXPECT_EQ(signature.header("Content-Length"), "14");
  EXPECT_EQ(signature.header("Content-Encoding"), "");
  client.send(concat("GET /net_install/boot.img HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"));
  const HttpReply image = client.receive_reply();
  EXPECT_EQ(image.status, 200);
  EXPECT_EQ(image.header("Content-Length"), "5000000");
  EXPECT_EQ(image.header("Transfer-Encoding"), "");
  EXPECT_TRUE(image.body == image_);
}

TEST_F(HttpBootTest, Http10GetsTheSame) {
  start();
  TcpClient client(port());
  client.send("GET /net_install/boot.img HTTP/1.0\r\n\r\n");
  const std::string all = client.receive_until_close();
  EXPECT_TRUE(client.closed());
  EXPECT_THAT(all.substr(0, 400), HasSubstr("Content-Length: 5000000\r\n"));
  EXPECT_TRUE(all.substr(all.find("\r\n\r\n") + 4) == image_);
}

TEST_F(HttpBootTest, AnotherPathForBootloaders) {
  settings_.routes.install_path = "boot/fleet/a";
  start();
  EXPECT_EQ(http_get(port(), "/boot/fleet/a/boot.sig").status, 404) << "/boot/ is the tree itself";
  boot_.reset();
  settings_.routes.install_path = "fleet/a";
  start();
  EXPECT_EQ(http_get(port(), "/fleet/a/boot.sig").body, "the signature\n");
  EXPECT_EQ(http_get(port(), "/net_install/boot.sig").status, 404);
}

TEST_F(HttpBootTest, EachNodeHasItsOwnTree) {
  start();
  EXPECT_EQ(http_get(port(), "/boot/kernel8.img").body, "kernel of the rack");
  EXPECT_EQ(shell_output(concat("curl -sS --interface 127.0.0.2 ", url("/boot/kernel8.img"))), "kernel of all");
  EXPECT_EQ(shell_output(concat("curl -sS --interface 127.0.0.2 ", url("/net_install/boot.sig"))),
            "the signature of pi2\n");
  EXPECT_EQ(http_get(port(), "/boot/0badcafe/kernel8.img").body, "kernel of the rack") << "a serial number in front";
}

TEST_F(HttpBootTest, TemplatesAreRenderedForWhoAsks) {
  start();
  EXPECT_EQ(shell_output(concat("curl -sS ", url("/boot/cmdline.txt"))), "name=pi1 server=127.0.0.1\n");
  EXPECT_EQ(shell_output(concat("curl -sS --interface 127.0.0.2 ", url("/boot/cmdline.txt"))),
            "name=pi2 server=127.0.0.1\n");
  EXPECT_EQ(http_get(port(), "/boot/cmdline.txt.in").status, 404) << "never raw";
  EXPECT_EQ(http_get(port(), "/boot/bad.txt").status, 500);
  boot_.reset();
  settings_.routes.server_address = ip("10.9.8.7");
  start();
  EXPECT_EQ(http_get(port(), "/boot/cmdline.txt").body, "name=pi1 server=10.9.8.7\n");
}

TEST_F(HttpBootTest, AStrangerGetsNothing) {
  start();
  EXPECT_EQ(shell_output(
                concat("curl -sS -o /dev/null -w '%{http_code}' --interface 127.0.0.3 ", url("/net_install/boot.img"))),
            "403");
  const auto events = events_until("unknown_client");
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(events[0].client, ip("127.0.0.3"));
  EXPECT_EQ(events[0].served, "");
}

TEST_F(HttpBootTest, NoNameLeadsOutOfTheTree) {
  start();
  for (const char* path :
       {"/boot/../secret", "/boot/%2e%2e/secret", "/boot/../../secret", "/boot/leak", "/boot//etc/passwd",
        "/boot/..%2f..%2fsecret", "/boot/..%5csecret", "/boot/%00", "/boot/", "/boot", "/", "/net_install/",
        "/net_install/kernel8.img", "/net_install/../boot.img", "/boot/overlays", "/api/v1/nodes", "/metrics"}) {
    const HttpReply reply = http_get(port(), path);
    EXPECT_TRUE(reply.status >= 400 && reply.status < 500) << path << ' ' << reply.status;
    EXPECT_EQ(reply.body.find("not for booting"), std::string::npos) << path;
  }
  EXPECT_EQ(http_get(port(), concat("/boot/", std::string(5000, 'x'))).status, 400);
  EXPECT_EQ(http_get(port(), "/boot/leak").status, 403);
}

TEST_F(HttpBootTest, OnlyReading) {
  start();
  for (const char* method : {"POST", "PUT", "DELETE", "PATCH"}) {
    TcpClient client(port());
    client.send(concat(method, " /boot/kernel8.img HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n"));
    const int status = client.receive_reply().status;
    EXPECT_EQ(status, 405) << method;
  }
}

TEST_F(HttpBootTest, CurlResumesAnInterruptedDownload) {
  start();
  tree_.put("part", image_.substr(0, 1'234'567));
  shell_output(concat("curl -sS -f -C - -o ", tree_.path("part"), ' ', url("/boot/boot.img")));
  EXPECT_TRUE(test::read_file(tree_.path("part")) == image_);
  const auto events = events_until("complete");
  ASSERT_EQ(events.size(), 2U);
  EXPECT_EQ(events[1].size_bytes, image_.size() - 1'234'567);
}

TEST_F(HttpBootTest, ATransferIsReportedAtItsBeginningAndItsEnd) {
  start();
  EXPECT_EQ(http_get(port(), "/boot/0badcafe/kernel8.img").status, 200);
  const auto events = events_until("complete");
  ASSERT_EQ(events.size(), 2U);
  for (const TransferEvent& event : events) {
    EXPECT_EQ(event.protocol, "http");
    EXPECT_EQ(event.client, ip("127.0.0.1"));
    EXPECT_EQ(event.requested, "/boot/0badcafe/kernel8.img");
    EXPECT_EQ(event.served, "groups/rack/kernel8.img");
    EXPECT_EQ(event.size_bytes, 18U);
    EXPECT_EQ(event.id, events[0].id);
    EXPECT_GT(event.id, std::uint64_t{1} << 63U);
  }
  EXPECT_EQ(events[0].outcome, "started");
  EXPECT_EQ(events[0].sent_bytes, 0U);
  EXPECT_EQ(events[1].sent_bytes, 18U);
  EXPECT_GT(events[1].duration.count(), 0);
}

TEST_F(HttpBootTest, EveryOtherOutcomeIsReportedToo) {
  start();
  http_get(port(), "/boot/missing\x01.txt");
  http_get(port(), "/boot/missing%01.txt");
  EXPECT_EQ(events_until("bad_name").back().requested, "/boot/missing?.txt");
  http_get(port(), "/boot/missing.txt");
  EXPECT_EQ(events_until("not_found").size(), 1U);
  http_get(port(), "/boot/leak");
  events_until("forbidden");
  http_get(port(), "/boot/bad.txt");
  EXPECT_EQ(events_until("bad_template").back().served, "images/default/bad.txt.in");
  http_get(port(), "/boot/boot.img", "Range: bytes=5000000-\r\n");
  events_until("bad_range");
  const std::string tag(http_get(port(), "/boot/boot.sig").header("ETag"));
  events_until("complete");
  EXPECT_EQ(http_get(port(), "/boot/boot.sig", concat("If-None-Match: ", tag, "\r\n")).status, 304);
  EXPECT_EQ(events_until("probe").back().sent_bytes, 0U) << "it looked, and needs nothing";
  EXPECT_EQ(http_get(port(), "/boot/boot.sig", "If-Match: \"other\"\r\n").status, 412);
  events_until("precondition_failed");
  TcpClient client(port());
  client.send("HEAD /boot/boot.img HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_EQ(client.receive_reply(milliseconds(5000), false).header("Content-Length"), "5000000");
  EXPECT_EQ(events_until("probe").back().sent_bytes, 0U);
}

TEST_F(HttpBootTest, AClientThatIsSwitchedOffIsReported) {
  tree_.put("root/images/default/large", "");
  std::filesystem::resize_file(tree_.path("root/images/default/large"), 100'000'000);
  start();
  TcpClient client(port());
  client.send("GET /boot/large HTTP/1.1\r\nHost: h\r\n\r\n");
  client.receive_reply(milliseconds(50));
  client.reset();
  const auto events = events_until("aborted");
  EXPECT_EQ(events.front().outcome, "started");
  EXPECT_LT(events.back().sent_bytes, 100'000'000U);
  EXPECT_EQ(events.back().id, events.front().id);
}

TEST_F(HttpBootTest, OneNodeCanNotTakeAllThreads) {
  tree_.put("root/images/default/large", "");
  std::filesystem::resize_file(tree_.path("root/images/default/large"), 100'000'000);
  settings_.routes.max_transfers_of_a_client = 2;
  start();
  std::vector<TcpClient> greedy;
  for (int i = 0; i < 2; ++i) {
    greedy.emplace_back(port());
    greedy.back().send("GET /boot/large HTTP/1.1\r\nHost: h\r\n\r\n");
    events_until("started");
  }
  const HttpReply refused = http_get(port(), "/boot/boot.img");
  EXPECT_EQ(refused.status, 503);
  EXPECT_EQ(refused.header("Retry-After"), "5");
  EXPECT_EQ(shell_output(concat("curl -sS --interface 127.0.0.2 ", url("/boot/kernel8.img"))), "kernel of all");
  for (TcpClient& client : greedy) client.reset();
  for (int i = 0; i < 1000; ++i) {
    if (http_get(port(), "/boot/kernel8.img").status == 200) break;
    std::this_thread::sleep_for(milliseconds(10));
  }
  EXPECT_EQ(http_get(port(), "/boot/kernel8.img").status, 200) << "places come back";
}

TEST_F(HttpBootTest, ManyAtOnceAllGetTheWholeImage) {
  settings_.routes.max_transfers_of_a_client = 40;
  start();
  std::atomic<int> good = 0;
  {
    std::vector<std::jthread> clients;
    for (int i = 0; i < 40; ++i) {
      clients.emplace_back([this, &good] {
        TcpClient client(port());
        client.send("GET /net_install/boot.img HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
        if (client.receive_reply(milliseconds(30'000)).body == image_) ++good;
      });
    }
  }
  EXPECT_EQ(good, 40) << "ten times as many as threads";
}

TEST_F(HttpBootTest, StopsInTheMiddleOfATransferAndReportsIt) {
  tree_.put("root/images/default/large", "");
  std::filesystem::resize_file(tree_.path("root/images/default/large"), 100'000'000);
  start();
  TcpClient client(port());
  client.send("GET /boot/large HTTP/1.1\r\nHost: h\r\n\r\n");
  events_until("started");
  const auto begin = std::chrono::steady_clock::now();
  boot_.reset();
  EXPECT_LT(to_seconds(std::chrono::steady_clock::now() - begin), 2);
  events_until("aborted");
}

TEST_F(HttpBootTest, ATakenAddressIsAnErrorThatSaysWhatFor) {
  start();
  HttpBootSettings second = settings_;
  second.listen_address.port = port();
  const auto result = HttpBoot::start(second, {*files_, find_client, [](const TransferEvent&) {}}, nullptr, log_);
  ASSERT_FALSE(result);
  EXPECT_THAT(result.error().message, HasSubstr("boot files over HTTP: listening on 127.0.0.1:"));
}

}  // namespace
}  // namespace piman::manager
