// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

/// What a file's first bytes say of how it is compressed, whatever it is called. Pure.
namespace piman::manager {

/// How many bytes these functions look at; of a shorter file all.
inline constexpr std::size_t kFormatHeadBytes = 64;

/// "tar.gz", "tar.xz", "tar.zst"; empty: none that an installer knows.
std::string_view format_of_head(std::string_view head);

/// What it may be instead, for an error message: "a zip archive", "not compressed", ...
std::string_view guess_of_head(std::string_view head);

/// The dictionary that the first block of an xz file wants in the memory of who unpacks it.
/// Source: the .xz file format, 1.1.0, sections 3.1 and 5.3.1. Nothing: the header is not whole, or has no LZMA2.
std::optional<std::uint64_t> xz_dictionary_bytes(std::string_view head);

/// "arm64", "arm", "amd64", "i386", "riscv64", "other" of the first bytes of an executable or library (ELF).
/// Nothing: it is something else, such as a script or a kernel's module.
std::optional<std::string_view> elf_architecture(std::string_view head);
inline constexpr std::size_t kElfHeadBytes = 20;

}  // namespace piman::manager
