// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <memory>

#include "common/check.h"
#include "common/clock.h"
#include "common/host_paths.h"
#include "common/result.h"
#include "common/shutdown.h"
#include "common/unique_fd.h"

namespace piman {
namespace {

bool is_open(int fd) { return ::fcntl(fd, F_GETFD) >= 0; }
UniqueFd some_fd() { return UniqueFd(::open("/dev/null", O_RDONLY | O_CLOEXEC)); }

TEST(Result, ValueOrError) {
  const Result<int> good = 42;
  ASSERT_TRUE(good);
  EXPECT_EQ(*good, 42);
  const Result<int> bad = fail("port 70000 is not between 1 and 65535");
  ASSERT_FALSE(bad);
  EXPECT_EQ(bad.error().message, "port 70000 is not between 1 and 65535");
  const Result<std::string> outer = fail_with("reading hosts.csv", bad.error());
  EXPECT_EQ(outer.error().message, "reading hosts.csv: port 70000 is not between 1 and 65535");
}

TEST(Result, CarriesWhatCanOnlyMove) {
  const auto make = []() -> Result<std::unique_ptr<int>> { return std::make_unique<int>(7); };
  EXPECT_EQ(*make().value(), 7);
  const Result<void> done;
  EXPECT_TRUE(done);
}

TEST(UniqueFd, ClosesOnce) {
  EXPECT_FALSE(UniqueFd().valid());
  int number;
  {
    const UniqueFd fd = some_fd();
    number = fd.get();
    EXPECT_TRUE(is_open(number));
  }
  EXPECT_FALSE(is_open(number));
}

TEST(UniqueFd, MovesReleasesAndResets) {
  UniqueFd a = some_fd();
  const int number = a.get();
  UniqueFd b = std::move(a);
  EXPECT_FALSE(a.valid());  // NOLINT(bugprone-use-after-move)
  EXPECT_EQ(b.get(), number);
  b = some_fd();
  EXPECT_FALSE(is_open(number) && b.get() != number);
  UniqueFd& same = b;
  b = std::move(same);
  EXPECT_TRUE(is_open(b.get()));
  const int released = b.release();
  EXPECT_FALSE(b.valid());
  EXPECT_TRUE(is_open(released));
  UniqueFd(released).reset();
  EXPECT_FALSE(is_open(released));
}

TEST(Clock, FarthestTimesCanBeComputedWith) {
  EXPECT_EQ(kFarthestTime.count(), 4'000'000'000'000);
  EXPECT_EQ(kFarthestTime % std::chrono::seconds(1), std::chrono::seconds(0)) << "columns of seconds hold it, too";
  const WallTime farthest(kFarthestTime);
  EXPECT_GT(farthest, Clock().wall());
  EXPECT_LT(farthest - WallTime(-kFarthestTime), WallTime::duration::max());
  EXPECT_GT(farthest + kFarthestTime, farthest) << "it wrapped round";
}

TEST(Clock, Seconds) {
  using namespace std::chrono_literals;
  EXPECT_NEAR(unix_seconds(WallTime(1'700'000'000s) + 250ms), 1'700'000'000.25, 1e-6);
  EXPECT_EQ(to_seconds(1500ms), 1.5);
  const Clock clock;
  const SteadyTime before = clock.steady();
  EXPECT_GE(clock.steady(), before);
}

TEST(HostPaths, Join) {
  HostPaths paths;
  EXPECT_EQ(paths.proc("self/stat"), "/proc/self/stat");
  EXPECT_EQ(paths.sys("class/net"), "/sys/class/net");
  EXPECT_EQ(paths.dev("vcio"), "/dev/vcio");
  EXPECT_EQ(paths.root("/etc/os-release"), "/etc/os-release");
  paths.rootfs = "/host";
  EXPECT_EQ(paths.root("/etc/os-release"), "/host/etc/os-release");
}

TEST(ShutdownSignals, WaitTellsWhichCame) {
  for (const int sent : {SIGTERM, SIGINT, SIGHUP}) {
    const ::pid_t child = ::fork();
    if (child == 0) {
      const ShutdownSignals signals;
      ::kill(::getpid(), SIGPIPE);  // ignored
      ::kill(::getpid(), sent);
      ::_exit(signals.wait());
    }
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFEXITED(status)) << sent;
    EXPECT_EQ(WEXITSTATUS(status), sent);
  }
}

TEST(CheckDeathTest, NamesTheBrokenCondition) {
  const int one = 1;
  PIMAN_CHECK(one == 1);
  EXPECT_DEATH(PIMAN_CHECK(one == 2), "piman: broken invariant: one == 2");
}

}  // namespace
}  // namespace piman
