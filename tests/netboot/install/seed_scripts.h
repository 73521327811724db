// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

/// What the two dialects of the seed's initramfs put on the wire, with its shell's trace and what its commands print.
namespace piman::test {

struct Dialect {
  std::string_view name;
  std::string greeting;        ///< up to and with IS_INSTALLED or IS_UNINSTALLED, which stands for {state}
  std::string after_date;      ///< when the date message came
  std::string after_boot;      ///< when "boot" came
  std::string after_format;    ///< when "format" came, until the image is taken
  std::string after_transfer;  ///< with IS_FORMATTED
};

inline Dialect source_dialect() {
  return {
      "source",
      "+ echo Hello World\nHello World\n+ echo 'MAKING NODES'\nMAKING NODES\n"
      "mknod: /dev/mmcblk0: File exists\nMADE NODES\nCHECKING IF INSTALLED\n+ send {state}\n+ echo {state}\n{state}\n",
      "busybox date -s 202611241358.08\nRECEIVED_DATE\nTue Nov 24 13:58:08 UTC 2026\nSET_DATE\n",
      "boot\nRECEIVED_BOOT\nMOUNTING\nFINISHED_MOUNTING\n",
      "format\nRECEIVED_FORMAT\nFORMATTING\n+ sfdisk /dev/mmcblk0\n>>> Script header accepted.\n"
      "/dev/mmcblk0p1 : Bits IS_FORMATTED in a sentence do not count\nDone.\nFINISHED FORMATTING\n",
      "MOUNTING\nFINISHED_MOUNTING\n+ send IS_FORMATTED\n+ echo IS_FORMATTED\nIS_FORMATTED\n"};
}

inline Dialect committed_dialect() {
  return {"committed",
          "Hello World\nMAKING NODES\nMADE NODES\nCHECKING IF INSTALLED\n{state}\n",
          "busybox date -s 202611241358.08\nRECEIVED DATE\n",
          "boot\nRECIEVED BOOT\nMOUNTING\nFINISHED MOUNTING\n",
          "format\nFORMATTING\nmke2fs 1.46\n\nWriting superblocks: done\nFINISHED FORMATTING\n",
          "MOUNTING\nFINISHED MOUNTING\nIS_FORMATTED\n"};
}

inline std::string with_state(std::string text, std::string_view state) {
  constexpr std::string_view kMark = "{state}";
  for (std::size_t at = text.find(kMark); at != std::string::npos; at = text.find(kMark)) {
    text.replace(at, kMark.size(), state);
  }
  return text;
}

inline std::vector<std::string> lines_of(std::string_view text) {
  std::vector<std::string> out;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    out.emplace_back(text.substr(0, end));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  return out;
}

}  // namespace piman::test
