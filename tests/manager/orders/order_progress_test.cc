// SPDX-License-Identifier: Apache-2.0
#include "manager/order_progress.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/text.h"

namespace piman::manager {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using Node = api::ActionView::Node;

api::ActionView view_of(std::vector<Node> nodes) {
  api::ActionView view;
  view.id = 17;
  view.action = "reinstall";
  view.state = "running";
  view.image = "raspios@1";
  view.nodes = std::move(nodes);
  return view;
}

TEST(OrderProgress, SaysWhatWouldBeDone) {
  EXPECT_EQ(action_words(view_of({{"pi2", "waiting", "", ""}})), "reinstall pi2 with raspios@1");
  EXPECT_EQ(action_words(view_of({{"pi2", "waiting", "", ""}, {"pi3", "waiting", "", ""}})),
            "reinstall 2 nodes with raspios@1: pi2, pi3");
  std::vector<Node> many;
  for (int i = 0; i < 30; ++i) many.push_back({concat("pi", i), "waiting", "", ""});
  EXPECT_THAT(action_words(view_of(many)), HasSubstr("pi11 and 18 more"));
}

TEST(OrderProgress, ABarANodeAndACount) {
  Node loading{"pi2", "installing", "", "download"};
  loading.percent = 50;
  loading.bytes = 5e6;
  loading.size_bytes = 10e6;
  loading.bytes_per_second = 1e6;
  const std::string picture =
      render_action(view_of({loading, {"pi3", "done", "", ""}, {"pi14", "failed", "disk too small", ""}}), 20, false);
  EXPECT_EQ(picture,
            "pi2   [###########-------------]  48%  download              1 MB/s, 5s left\n"
            "pi3   [########################] 100%  done                \n"
            "pi14  [------------------------]   0%  failed                disk too small\n"
            "1 of 3 done, 1 failed\n");
}

TEST(OrderProgress, WithManyNodesThoseAtWorkAreShown) {
  std::vector<Node> many;
  for (int i = 0; i < 40; ++i) many.push_back({concat("pi", i), i < 30 ? "done" : "waiting", "", ""});
  many.push_back({"busy", "installing", "", "format"});
  many.push_back({"bad", "failed", "cut", ""});
  const std::string picture = render_action(view_of(many), 3, false);
  EXPECT_THAT(picture, HasSubstr("busy"));
  EXPECT_THAT(picture, HasSubstr("bad"));
  EXPECT_THAT(picture, Not(HasSubstr("pi29")));
  EXPECT_THAT(picture, HasSubstr("30 of 42 done, 1 failed, 10 waiting"));
}

TEST(OrderProgress, TheNetworkDoesNotSteerTheTerminal) {
  const std::string picture = render_action(view_of({{"pi2", "failed", "\x1b[2Jgone", ""}}), 20, false);
  EXPECT_THAT(picture, Not(HasSubstr("\x1b")));
}

TEST(OrderProgress, InAPipeEachChangeIsALine) {
  ActionLog log;
  auto view = view_of({{"pi2", "open", "", "boot"}, {"pi3", "waiting", "", ""}});
  EXPECT_EQ(log.changes(view), "pi2: boots\npi3: waits for its turn\n");
  EXPECT_EQ(log.changes(view), "");
  view.nodes[0] = {"pi2", "installing", "", "download"};
  view.nodes[0].percent = 10;
  EXPECT_EQ(log.changes(view), "pi2: download\n");
  view.nodes[0].percent = 20;
  EXPECT_EQ(log.changes(view), "");
}

TEST(OrderProgress, OverIsOverWhenEveryNodeIs) {
  auto view = view_of({{"pi2", "done", "", ""}, {"pi3", "installing", "", ""}});
  view.state = "withdrawn";
  EXPECT_FALSE(view.is_over()) << "what has begun goes on";
  view.nodes[1].state = "failed";
  EXPECT_TRUE(view.is_over());
  EXPECT_EQ(count_failed(view), 1U);
}

}  // namespace
}  // namespace piman::manager
