// SPDX-License-Identifier: Apache-2.0
#include "manager/api/order_json.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/text.h"

namespace piman::manager::api {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string problem_of(std::string_view json) {
  const auto request = parse_action_request(json);
  return request ? "none" : request.error().message;
}

TEST(OrderJson, ARequestThereAndBack) {
  ActionRequest request;
  request.action = OrderAction::kReinstall;
  request.nodes = {"2", "3-9", "pi7"};
  request.image = "raspios@1";
  request.canary = 1;
  request.max_parallel = 4;
  request.stop_after_failures = 2;
  request.force = true;
  request.by = "anna";
  request.why = "new kernel \"6.12\"";
  const auto back = parse_action_request(action_request_json(request));
  ASSERT_TRUE(back) << back.error().message;
  EXPECT_EQ(back->action, OrderAction::kReinstall);
  EXPECT_THAT(back->nodes, ElementsAre("2", "3-9", "pi7"));
  EXPECT_EQ(back->image, "raspios@1");
  EXPECT_EQ(back->canary, 1U);
  EXPECT_EQ(back->max_parallel, 4U);
  EXPECT_EQ(back->stop_after_failures, 2U);
  EXPECT_TRUE(back->force);
  EXPECT_FALSE(back->preview);
  EXPECT_EQ(back->by, "anna");
  EXPECT_EQ(back->why, request.why);
}

TEST(OrderJson, WrongRequestsAreNamed) {
  EXPECT_EQ(problem_of("["), "the body is no JSON object");
  EXPECT_EQ(problem_of(R"({"nodes":["2"]})"), "there is no action");
  EXPECT_EQ(problem_of(R"({"action":"restart"})"), "there is no nodes");
  EXPECT_EQ(problem_of(R"({"action":"first","nodes":["2"]})"),
            "action is none of reinstall, restart, power_on, power_off");
  EXPECT_EQ(problem_of(R"({"action":"restart","nodes":[]})"), "nodes is no list of 1 to 4096 texts");
  EXPECT_EQ(problem_of(R"({"action":"restart","nodes":[2]})"), "nodes is no text");
  EXPECT_EQ(problem_of(R"({"action":"restart","nodes":["2"],"canary":-1})"),
            "canary is no whole number from 0 to 4096");
  EXPECT_EQ(problem_of(R"({"action":"restart","nodes":["2"],"force":1})"), "force is neither true nor false");
  EXPECT_EQ(problem_of(R"({"action":"restart","nodes":["2"],"image":"x"})"), "image is for reinstall only");
  EXPECT_EQ(problem_of(R"({"action":"restart","nodes":["2"],"who":"x"})"), "unknown key \"who\"");
  EXPECT_EQ(problem_of(R"({"action":"restart","nodes":["2"],"why":"a\nb"})"), "why holds control characters");
  EXPECT_THAT(problem_of(R"({"action":"restart","nodes":["2"],"why":")" + std::string(600, 'x') + "\"}"),
              HasSubstr("longer than 512 bytes"));
}

TEST(OrderJson, RequestsCutAtAnyByteAreNoRequests) {
  ActionRequest request;
  request.nodes = {"2"};
  const std::string whole = action_request_json(request);
  for (std::size_t length = 0; length < whole.size(); ++length) {
    EXPECT_FALSE(parse_action_request(whole.substr(0, length))) << length;
  }
}

TEST(OrderJson, AnActionThereAndBack) {
  OrderDesk::View view;
  view.rollout.id = 17;
  view.rollout.action = OrderAction::kReinstall;
  view.rollout.who = "anna at 127.0.0.1";
  view.rollout.created_ms = 1'700'000'000'000;
  OrderRecord order;
  order.id = 5;
  order.node = "pi7";
  order.state = OrderState::kInstalling;
  order.image = {"raspios", "1", "tar.gz", "", "", 1000};
  view.orders.push_back(order);
  InstallProgress progress;
  progress.stage = "download";
  progress.percent = 40;
  progress.bytes = 400;
  view.progress.push_back(progress);
  const auto back = parse_action_json(action_json(view, 1'700'000'005'000));
  ASSERT_TRUE(back) << back.error().message;
  EXPECT_EQ(back->id, 17U);
  EXPECT_EQ(back->image, "raspios@1");
  EXPECT_DOUBLE_EQ(back->now - back->created, 5);
  ASSERT_EQ(back->nodes.size(), 1U);
  EXPECT_EQ(back->nodes[0].stage, "download");
  EXPECT_DOUBLE_EQ(back->nodes[0].percent, 40);
  const auto list = parse_actions_json(actions_json({view, view}, 1'700'000'005'000));
  ASSERT_TRUE(list);
  EXPECT_EQ(list->size(), 2U);
}

TEST(OrderJson, AnIdThatIsNoneIsZero) {
  for (const char* id : {"-5", "1e300", "1.5", "\"7\"", "null"}) {
    const auto view = parse_action_json(concat(R"({"status":"success","data":{"nodes":[],"id":)", id, "}}"));
    ASSERT_TRUE(view) << id;
    EXPECT_EQ(view->id, 0U) << id;
  }
}

}  // namespace
}  // namespace piman::manager::api
