// SPDX-License-Identifier: Apache-2.0
#include "manager/images/archive_format.h"

#include <algorithm>
#include <array>

namespace piman::manager {
namespace {

using namespace std::literals;

struct Magic {
  std::string_view bytes, means;
};

unsigned byte_at(std::string_view bytes, std::size_t at) { return static_cast<unsigned char>(bytes[at]); }

/// Takes a variable-length integer (section 1.2 of the format) off the front.
std::optional<std::uint64_t> take_vli(std::string_view& rest) {
  std::uint64_t value = 0;
  for (unsigned i = 0; i < 9 && i < rest.size(); ++i) {
    value |= static_cast<std::uint64_t>(byte_at(rest, i) & 0x7FU) << (7 * i);
    if ((byte_at(rest, i) & 0x80U) == 0) {
      rest.remove_prefix(i + 1);
      return value;
    }
  }
  return std::nullopt;
}

}  // namespace

std::string_view format_of_head(std::string_view head) {
  constexpr std::array<Magic, 3> kFormats = {
      {{"\x1f\x8b"sv, "tar.gz"}, {"\xfd\x37zXZ\0"sv, "tar.xz"}, {"\x28\xb5\x2f\xfd"sv, "tar.zst"}}};
  for (const Magic& format : kFormats) {
    if (head.starts_with(format.bytes)) return format.means;
  }
  return {};
}

std::string_view guess_of_head(std::string_view head) {
  constexpr std::array<Magic, 9> kOthers = {{{"PK\x03\x04"sv, "a zip archive"},
                                             {"BZh"sv, "compressed by bzip2"},
                                             {"\x5d\0\0"sv, "compressed by lzma"},
                                             {"\x04\x22\x4d\x18"sv, "compressed by lz4"},
                                             {"hsqs"sv, "a squashfs"},
                                             {"QFI\xfb"sv, "a disk of an emulator (qcow2)"},
                                             {"!<arch>\n"sv, "a package or static library"},
                                             {"7z\xbc\xaf"sv, "a 7z archive"},
                                             {"070701"sv, "a cpio archive"}}};
  if (head.empty()) return "empty";
  for (const Magic& other : kOthers) {
    if (head.starts_with(other.bytes)) return other.means;
  }
  return "not compressed, or by something else";
}

std::optional<std::uint64_t> xz_dictionary_bytes(std::string_view head) {
  constexpr std::size_t kStreamHeader = 12;
  constexpr std::uint64_t kLzma2 = 0x21;
  if (head.size() < kStreamHeader + 2 || byte_at(head, kStreamHeader) == 0) return std::nullopt;
  const unsigned flags = byte_at(head, kStreamHeader + 1);
  std::string_view rest = head.substr(kStreamHeader + 2);
  for (const unsigned size_field : {0x40U, 0x80U}) {
    if ((flags & size_field) != 0 && !take_vli(rest)) return std::nullopt;
  }
  for (unsigned filters = (flags & 3U) + 1; filters > 0; --filters) {
    const auto filter = take_vli(rest);
    const auto properties = filter ? take_vli(rest) : std::nullopt;
    if (!properties || *properties > rest.size()) return std::nullopt;
    if (*filter == kLzma2) {
      if (*properties != 1 || byte_at(rest, 0) > 40) return std::nullopt;
      const unsigned bits = byte_at(rest, 0);
      return bits == 40 ? 0xFFFF'FFFFULL : (2ULL | (bits & 1U)) << (bits / 2 + 11);
    }
    rest.remove_prefix(static_cast<std::size_t>(*properties));
  }
  return std::nullopt;
}

std::optional<std::string_view> elf_architecture(std::string_view head) {
  struct Machine {
    unsigned number;
    std::string_view name;
  };
  // elf.h: EM_386, EM_ARM, EM_X86_64, EM_AARCH64, EM_RISCV
  constexpr std::array<Machine, 5> kMachines = {
      {{3, "i386"}, {40, "arm"}, {62, "amd64"}, {183, "arm64"}, {243, "riscv64"}}};
  if (head.size() < kElfHeadBytes || !head.starts_with("\x7f"sv
                                                       "ELF"sv))
    return std::nullopt;
  if (byte_at(head, 5) != 1) return "other";  // big-endian
  const unsigned type = byte_at(head, 16) | byte_at(head, 17) << 8U;
  if (type != 2 && type != 3) return std::nullopt;  // ET_EXEC, ET_DYN
  const unsigned number = byte_at(head, 18) | byte_at(head, 19) << 8U;
  const auto* machine =
      std::find_if(kMachines.begin(), kMachines.end(), [&](const Machine& m) { return m.number == number; });
  return machine == kMachines.end() ? "other" : machine->name;
}

}  // namespace piman::manager
