// SPDX-License-Identifier: Apache-2.0
#include "manager/power/snmp_poe.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <future>
#include <string>

#include "manager/power/power_control.h"
#include "tests/manager/power/snmpd.h"

namespace piman::power {
namespace {

using std::chrono::milliseconds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

const PortRef kPi1{"pi1", 1};

class SnmpPoe : public ::testing::Test {
 protected:
  void SetUp() override {
    if (::access(kSnmpd, X_OK) != 0) GTEST_SKIP() << "snmpd is not installed";
    snmpd_ = std::make_unique<Snmpd>();
  }
  std::unique_ptr<PowerSwitch> make(const SwitchConfig& config) {
    auto made = make_snmp_poe(config);
    EXPECT_TRUE(made) << made.error().message;
    return std::move(*made);
  }
  std::unique_ptr<Snmpd> snmpd_;
};

/// The manager's side, which allows everything and remembers what was journalled.
struct Host final : PowerHost {
  Result<void> check_intent(std::uint64_t, const std::string&) override { return {}; }
  bool is_installing(const std::string&) override { return false; }
  void journal(const std::string& node, const std::string& text, const JournalData&) override {
    const std::lock_guard lock(mutex);
    lines.push_back(node + ": " + text);
  }
  void switched(const std::string&, bool) override {}
  std::mutex mutex;
  std::vector<std::string> lines;
};

PowerOutcome cycle(const SwitchConfig& config) {
  Host host;
  PowerConfig power;
  power.armed = true;
  power.off_time = milliseconds(300);
  power.switches = {config};
  auto switches = PowerControl::make_switches(power);
  EXPECT_TRUE(switches) << switches.error().message;
  manager::Actions actions;
  PowerControl control(power, std::move(*switches), host, actions);
  std::promise<PowerOutcome> promise;
  const auto taken = control.power_cycle(7, "pi1", "ann", "it hangs",
                                         [&promise](const PowerOutcome& outcome) { promise.set_value(outcome); });
  EXPECT_TRUE(taken) << taken.error().message;
  auto outcome = promise.get_future();
  if (outcome.wait_for(std::chrono::seconds(20)) != std::future_status::ready) {
    ADD_FAILURE() << "no outcome in 20 s";
    std::abort();
  }
  return outcome.get();
}

TEST_F(SnmpPoe, every_version_switches_and_reads) {
  std::vector<SwitchConfig> configs = {snmpd_->config(), snmpd_->config(), snmpd_->v3("authauth1", "privpriv1")};
  configs[0].version = SwitchConfig::Version::kV1;
  for (const SwitchConfig& config : configs) {
    const auto poe = make(config);
    for (const bool on : {false, true}) {
      const auto set = poe->set(kPi1, on);
      ASSERT_TRUE(set) << set.error().message;
      const auto state = poe->read(kPi1);
      ASSERT_TRUE(state) << state.error().message;
      EXPECT_EQ(state->admin_on, on);
      EXPECT_EQ(state->detection, on ? Detection::kDelivering : Detection::kDisabled);
      EXPECT_EQ(state->delivered_watts, on ? 3.5 : 0.0);
    }
  }
  EXPECT_THAT(snmpd_->state(), HasSubstr(R"("sets": ["1.1=2", "1.1=1", "1.1=2", "1.1=1", "1.1=2", "1.1=1"])"));
}

TEST_F(SnmpPoe, delivered_power_is_unknown_where_the_switch_does_not_say) {
  for (const auto version : {SwitchConfig::Version::kV1, SwitchConfig::Version::kV2c}) {
    SwitchConfig config = snmpd_->config();
    config.version = version;
    const auto state = make(config)->read({"pi3", 3});
    ASSERT_TRUE(state) << state.error().message;
    EXPECT_EQ(state->admin_on, true);
    EXPECT_FALSE(state->delivered_watts);
  }
  EXPECT_EQ(make(snmpd_->config())->read({"pi2", 2})->delivered_watts, 4.202);
}

TEST_F(SnmpPoe, wrong_community_is_no_answer_in_bounded_time) {
  const auto began = std::chrono::steady_clock::now();
  const auto set = make(snmpd_->config("wrong-word"))->set(kPi1, false);
  EXPECT_LT(std::chrono::steady_clock::now() - began, milliseconds(2500));
  ASSERT_FALSE(set);
  EXPECT_THAT(set.error().message, HasSubstr("rack: switching port 1 off: no answer from 127.0.0.1"));
  EXPECT_THAT(set.error().message, HasSubstr("community_file"));
  EXPECT_THAT(set.error().message, Not(HasSubstr("wrong-word")));
}

TEST_F(SnmpPoe, a_community_that_may_only_read_says_so) {
  const auto poe = make(snmpd_->config("readonly"));
  EXPECT_TRUE(poe->read(kPi1));
  const auto set = poe->set(kPi1, false);
  ASSERT_FALSE(set);
  EXPECT_THAT(set.error().message, HasSubstr("this community may not write"));
}

TEST_F(SnmpPoe, v3_refusals_have_words_and_leave_the_right_user_alone) {
  const auto right = make(snmpd_->v3("authauth1", "privpriv1"));
  const auto wrong_auth = make(snmpd_->v3("not-the-key", "privpriv1"))->read(kPi1);
  ASSERT_FALSE(wrong_auth);
  EXPECT_THAT(wrong_auth.error().message, HasSubstr("refused the key of user \"boss\""));
  EXPECT_TRUE(right->read(kPi1));
  const auto wrong_user = make(snmpd_->v3("authauth1", "privpriv1", "nobody"))->read(kPi1);
  ASSERT_FALSE(wrong_user);
  EXPECT_THAT(wrong_user.error().message, HasSubstr("does not know user \"nobody\""));
  const auto wrong_priv = make(snmpd_->v3("authauth1", "not-the-key"))->read(kPi1);
  ASSERT_FALSE(wrong_priv);
  EXPECT_THAT(wrong_priv.error().message, Not(HasSubstr("not-the-key")));
  EXPECT_TRUE(right->read(kPi1)) << "the keys of one must not be used for another";
}

TEST_F(SnmpPoe, no_such_port) {
  for (const auto version : {SwitchConfig::Version::kV1, SwitchConfig::Version::kV2c}) {
    SwitchConfig config = snmpd_->config();
    config.version = version;
    const auto poe = make(config);
    const auto set = poe->set({"pi9", 9}, false);
    ASSERT_FALSE(set);
    EXPECT_THAT(set.error().message, HasSubstr("no PoE port 9 in group 1"));
    const auto read = poe->read({"pi9", 9});
    ASSERT_FALSE(read);
    EXPECT_THAT(read.error().message, HasSubstr("no PoE port 9 in group 1"));
  }
}

TEST_F(SnmpPoe, a_dead_switch_takes_bounded_time_in_every_version) {
  const SwitchConfig v2 = snmpd_->config(), v3 = snmpd_->v3("authauth1", "privpriv1");
  snmpd_->pause();
  for (const SwitchConfig& config : {v2, v3}) {
    const auto began = std::chrono::steady_clock::now();
    const auto read = make(config)->read(kPi1);
    const auto took = std::chrono::steady_clock::now() - began;
    ASSERT_FALSE(read);
    EXPECT_THAT(read.error().message, HasSubstr("no answer from"));
    EXPECT_GT(took, milliseconds(900));
    EXPECT_LT(took, milliseconds(3000));
  }
  snmpd_->resume();
}

TEST_F(SnmpPoe, learns_addresses_of_both_bridge_tables) {
  SwitchConfig v1 = snmpd_->config();
  v1.version = SwitchConfig::Version::kV1;
  SwitchConfig vlan = snmpd_->config();
  vlan.vlan = 7;  // snmpd knows the community secret@7
  for (const SwitchConfig& config : {snmpd_->config(), v1, vlan, snmpd_->v3("authauth1", "privpriv1")}) {
    const auto learned = make(config)->learn();
    ASSERT_TRUE(learned) << learned.error().message;
    const auto mac = [](const char* text) { return *MacAddress::parse(text); };
    EXPECT_THAT(*learned, ElementsAre(LearnedAddress{mac("02:00:00:00:00:01"), 1, 10101},
                                      LearnedAddress{mac("02:00:00:00:00:02"), 2, 10102},
                                      LearnedAddress{mac("02:00:00:00:00:03"), 3, std::nullopt}));
  }
}

TEST_F(SnmpPoe, the_vlan_is_part_of_the_community) {
  SwitchConfig config = snmpd_->config();
  config.vlan = 8;
  EXPECT_FALSE(make(config)->read(kPi1));
}

TEST_F(SnmpPoe, a_cycle_switches_off_and_on_and_reads_back) {
  const PowerOutcome outcome = cycle(snmpd_->config());
  EXPECT_TRUE(outcome.worked) << outcome.text;
  EXPECT_THAT(outcome.text, HasSubstr("port 1 of rack is on and delivers 3.5 W"));
  EXPECT_THAT(snmpd_->state(), HasSubstr(R"("sets": ["1.1=2", "1.1=1"])"));
}

TEST_F(SnmpPoe, read_back_catches_the_lie) {
  snmpd_->lie();
  const PowerOutcome outcome = cycle(snmpd_->config());
  EXPECT_FALSE(outcome.worked);
  EXPECT_THAT(outcome.text, HasSubstr("acknowledged it and did not do it"));
}

TEST_F(SnmpPoe, secrets_that_everybody_can_read_are_refused) {
  const SwitchConfig config = snmpd_->config();
  ::chmod(config.community_file.c_str(), 0644);
  const auto made = make_snmp_poe(config);
  ASSERT_FALSE(made);
  EXPECT_THAT(made.error().message, HasSubstr("chmod 600"));
  EXPECT_FALSE(make_snmp_poe(snmpd_->v3("short", "privpriv1")));
}

}  // namespace
}  // namespace piman::power
