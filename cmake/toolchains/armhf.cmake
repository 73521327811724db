# SPDX-License-Identifier: Apache-2.0
# 32-bit Raspberry Pis from model 2 on: Debian's armhf is ARMv7, which the first Pi and the Zero are not.
set(DEBIAN_TRIPLET arm-linux-gnueabihf)
set(CMAKE_SYSTEM_PROCESSOR arm)
set(CMAKE_CROSSCOMPILING_EMULATOR qemu-arm-static;-L;/usr/arm-linux-gnueabihf)
include(${CMAKE_CURRENT_LIST_DIR}/debian_cross.cmake)
