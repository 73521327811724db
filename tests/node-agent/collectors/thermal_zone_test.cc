// SPDX-License-Identifier: Apache-2.0
#include "node-agent/collectors/thermal_zone.h"

#include "tests/node-agent/collectors/truncation.h"

namespace piman::agent {
namespace {

using test::TempTree;

TEST(ThermalZone, ZonesAndCoolingDevices) {
  TempTree tree({{"sys/class/thermal/thermal_zone0/type", "cpu-thermal\n"},
                 {"sys/class/thermal/thermal_zone0/temp", "48686\n"},
                 {"sys/class/thermal/cooling_device0/type", "pwm-fan\n"},
                 {"sys/class/thermal/cooling_device0/cur_state", "1\n"},
                 {"sys/class/thermal/cooling_device0/max_state", "4\n"}});
  EXPECT_EQ(CollectorHarness("thermal_zone", tree.path()).page(),
            "node_cooling_device_cur_state{name=\"0\",type=\"pwm-fan\"} 1\n"
            "node_cooling_device_max_state{name=\"0\",type=\"pwm-fan\"} 4\n"
            "node_thermal_zone_temp{type=\"cpu-thermal\",zone=\"0\"} 48.686\n");
}

TEST(ThermalZone, BelowZero) {
  TempTree tree({{"sys/class/thermal/thermal_zone0/type", "cpu-thermal\n"},
                 {"sys/class/thermal/thermal_zone0/temp", "-44000\n"}});
  EXPECT_EQ(CollectorHarness("thermal_zone", tree.path()).page(),
            "node_thermal_zone_temp{type=\"cpu-thermal\",zone=\"0\"} -44\n");
}

TEST(ThermalZone, ASensorThatIsOffIsLeftOut) {
  TempTree tree({{"sys/class/thermal/thermal_zone0/type", "iwlwifi_1\n"}});
  EXPECT_EQ(CollectorHarness("thermal_zone", tree.path()).page(), "");
}

TEST(ThermalZone, AMachineWithoutTheClass) {
  TempTree tree;
  EXPECT_EQ(CollectorHarness("thermal_zone", tree.path()).page(), "absent\n");
}

}  // namespace
}  // namespace piman::agent
