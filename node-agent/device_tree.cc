// SPDX-License-Identifier: Apache-2.0
#include "node-agent/device_tree.h"

#include <cstddef>

#include "common/host_files.h"
#include "common/text.h"

namespace piman::agent {
namespace {

constexpr std::size_t kCellBytes = 4;
constexpr std::string_view kMaker = "Raspberry Pi";

std::string property_path(const HostPaths& paths, std::string_view name) {
  return paths.proc(concat("device-tree/", name));
}

std::optional<std::uint32_t> parse_code(std::string_view text) {
  const auto code = parse_hex(text);
  if (!code || *code > UINT32_MAX) return std::nullopt;
  return static_cast<std::uint32_t>(*code);
}

}  // namespace

std::optional<std::uint32_t> decode_cell(std::string_view bytes) {
  if (bytes.size() < kCellBytes) return std::nullopt;
  std::uint32_t value = 0;
  for (const char c : bytes.substr(0, kCellBytes)) value = value << 8 | static_cast<unsigned char>(c);
  return value;
}

std::vector<std::uint32_t> decode_cells(std::string_view bytes) {
  std::vector<std::uint32_t> cells;
  while (const auto cell = decode_cell(bytes)) {
    cells.push_back(*cell);
    bytes.remove_prefix(kCellBytes);
  }
  return cells;
}

std::optional<std::uint32_t> read_device_tree_cell(const HostPaths& paths, std::string_view name) {
  const auto content = read_host_file(property_path(paths, name));
  return content ? decode_cell(*content) : std::nullopt;
}

std::optional<std::vector<std::uint32_t>> read_device_tree_cells(const HostPaths& paths, std::string_view name) {
  const auto content = read_host_file(property_path(paths, name));
  if (!content) return std::nullopt;
  return decode_cells(*content);
}

std::optional<std::string> read_device_tree_text(const HostPaths& paths, std::string_view name) {
  return read_host_text(property_path(paths, name));
}

std::optional<BoardIdentity> parse_cpuinfo_identity(std::string_view cpuinfo) {
  BoardIdentity board;
  while (!cpuinfo.empty()) {
    std::string_view line = next_line(cpuinfo);
    const std::string_view key = trim(next_until(line, ':'));
    const std::string_view value = trim(line);
    if (key == "Revision") board.revision_code = parse_code(value);
    if (key == "Serial") board.serial = value;
    if (key == "Model") board.model = value;
  }
  if (!board.model.starts_with(kMaker)) return std::nullopt;
  return board;
}

std::optional<BoardIdentity> read_board_identity(const HostPaths& paths) {
  const auto model = read_device_tree_text(paths, "model");
  if (!model || model->empty()) {
    const auto cpuinfo = read_host_file(paths.proc("cpuinfo"));
    return cpuinfo ? parse_cpuinfo_identity(*cpuinfo) : std::nullopt;
  }
  if (!model->starts_with(kMaker)) return std::nullopt;
  BoardIdentity board;
  board.model = *model;
  board.serial = read_device_tree_text(paths, "serial-number").value_or("");
  board.revision_code = read_device_tree_cell(paths, "system/linux,revision");
  return board;
}

}  // namespace piman::agent
