# SPDX-License-Identifier: Apache-2.0
# 32-bit Raspberry Pis from model 2 on: Debian's armhf is ARMv7, which the first Pi and the Zero are not.
set(DEBIAN_TRIPLET arm-linux-gnueabihf)
set(CMAKE_SYSTEM_PROCESSOR arm)
set(CMAKE_CROSSCOMPILING_EMULATOR qemu-arm-static;-L;/usr/arm-linux-gnueabihf)
# 64-bit inodes, file sizes and times: without them readdir() and statfs() fail on a large card, and time ends in 2038.
# GCC's notes on how it passed doubles before version 7 concern nobody here.
set(CMAKE_C_FLAGS_INIT "-D_FILE_OFFSET_BITS=64 -D_TIME_BITS=64")
set(CMAKE_CXX_FLAGS_INIT "-D_FILE_OFFSET_BITS=64 -D_TIME_BITS=64 -Wno-psabi")
include(${CMAKE_CURRENT_LIST_DIR}/debian_cross.cmake)
