// SPDX-License-Identifier: Apache-2.0
#include "netboot/install/slots.h"

#include <gmock/gmock.h>

namespace piman::netboot::install {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(InstallSlots, FirstComeFirstServedInAllAndInEachGroup) {
  Slots slots({.in_all = 3, .in_group = 2});
  for (Slots::Id id = 1; id <= 4; ++id) slots.ask(id, "a");
  slots.ask(5, "b");
  slots.ask(6, "b");
  slots.ask(1, "a");
  EXPECT_THAT(slots.grant(), ElementsAre(1, 2, 5)) << "3 waits for its group and holds up nobody of another";
  EXPECT_THAT(slots.grant(), IsEmpty());
  slots.release(5);
  EXPECT_THAT(slots.grant(), ElementsAre(6));
  slots.release(1);
  slots.release(3);
  EXPECT_THAT(slots.grant(), ElementsAre(4)) << "3 has left";
  for (const Slots::Id id : {2U, 4U, 6U, 99U}) slots.release(id);
  EXPECT_EQ(slots.running(), 0U);
  EXPECT_EQ(slots.waiting(), 0U);
}

}  // namespace
}  // namespace piman::netboot::install
