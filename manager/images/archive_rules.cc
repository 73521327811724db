// SPDX-License-Identifier: Apache-2.0
#include "manager/images/archive_rules.h"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "common/text.h"

namespace piman::manager {
namespace {

using Type = ArchiveEntry::Type;

constexpr std::size_t kMostPathBytes = 4095, kMostComponentBytes = 255;  // PATH_MAX, NAME_MAX
constexpr int kMostLinks = 40;                                           // as the kernel follows
constexpr std::string_view kFirmware = "boot/firmware";
constexpr std::uint64_t kMostFirmwareBytes = 250ULL << 20U;  // the installer's boot partition has 256 MiB

std::string_view next_component(std::string_view& rest) { return next_until(rest, '/'); }

std::string_view parent_of(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string_view::npos ? std::string_view() : path.substr(0, slash);
}
std::string_view name_of(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string_view::npos ? path : path.substr(slash + 1);
}
std::string joined(std::string_view folder, std::string_view name) {
  return folder.empty() ? std::string(name) : concat(folder, '/', name);
}

bool is_under(std::string_view path, std::string_view folder) {
  return path.size() > folder.size() && path.starts_with(folder) && path[folder.size()] == '/';
}

/// busybox's tar makes such links when all else is unpacked. What is to lie behind one would lie beside it.
bool is_made_last(std::string_view target) {
  return target.starts_with('/') || target.find("..") != std::string_view::npos;
}

std::string_view word(Type type) {
  switch (type) {
    case Type::kFile:
    case Type::kHardlink:
      return "a file";
    case Type::kFolder:
      return "a folder";
    case Type::kSymlink:
      return "a symbolic link";
    case Type::kDevice:
      return "a device";
    case Type::kFifo:
      return "a pipe";
    case Type::kOther:
      break;
  }
  return "of a kind that tar can't unpack";
}

tl::unexpected<Error> fail_for(std::string_view path, std::string_view why) {
  return fail(concat("the archive's ", quote(path), ' ', why));
}

/// What the installer makes, mounts or writes itself; through a link it would do so in the wrong place.
std::optional<Type> wanted_type(std::string_view path) {
  constexpr std::array<std::string_view, 4> kFolders = {"boot", kFirmware, "etc", "etc/piman"};
  if (std::find(kFolders.begin(), kFolders.end(), path) != kFolders.end()) return Type::kFolder;
  if (path == "etc/hostname" || path == "etc/piman/node" || path == "etc/piman/installed") return Type::kFile;
  return std::nullopt;
}

}  // namespace

Result<std::string> normal_path(std::string_view path) {
  if (path.starts_with('/')) return fail_for(path, "is absolute: pack with `tar -C FOLDER -czf FILE .`");
  if (path.size() > kMostPathBytes) return fail_for(path, concat("is longer than ", kMostPathBytes, " bytes"));
  std::string normal;
  std::string_view rest = path;
  while (!rest.empty()) {
    const std::string_view component = next_component(rest);
    if (component.empty() || component == ".") continue;
    if (component == "..") return fail_for(path, "leads out by \"..\"");
    if (component.size() > kMostComponentBytes) {
      return fail_for(path, concat("has a name of more than ", kMostComponentBytes, " bytes"));
    }
    normal = joined(normal, component);
  }
  return normal;
}

const ArchiveRules::Seen* ArchiveRules::find(const std::string& path) const {
  const auto found = seen_.find(path);
  return found == seen_.end() ? nullptr : &found->second;
}

/// Where `path` leads when its links are followed. Nothing: in a circle or, for the installer, not where it should.
std::optional<std::string> ArchiveRules::resolve(std::string_view path, Links links) const {
  std::string place, rest(path);
  int followed = 0;
  while (!rest.empty()) {
    std::string_view tail = rest;
    const std::string component(next_component(tail));
    std::string behind(tail);
    if (component == "..") {
      place = parent_of(place);  // the kernel stays at the root too
    } else if (!component.empty() && component != ".") {
      std::string there = joined(place, component);
      const Seen* seen = find(there);
      if (seen == nullptr || seen->type != Type::kSymlink) {
        place = std::move(there);
      } else {
        if (++followed > kMostLinks || behind.size() > 2 * kMostPathBytes) return std::nullopt;
        if (links == Links::kOfInstaller && is_made_last(seen->target)) return std::nullopt;
        if (seen->target.starts_with('/')) place.clear();
        behind = joined(seen->target, behind);
      }
    }
    rest = std::move(behind);
  }
  return place;
}

/// Where an entry will lie, which is elsewhere when it comes behind a link such as lib -> usr/lib.
Result<std::string> ArchiveRules::place_of(const std::string& path) const {
  const std::string_view parent = parent_of(path);
  if (parent.empty()) return path;
  const auto place = resolve(parent, Links::kOfInstaller);
  if (!place) {
    return fail_for(path,
                    "lies behind a symbolic link that leads out while it is unpacked (an absolute one, or by \"..\")");
  }
  const Seen* folder = find(*place);
  if (folder != nullptr && folder->type != Type::kFolder) return fail_for(path, concat("lies in ", word(folder->type)));
  if (folder == nullptr && *place != parent) return fail_for(path, "lies behind a symbolic link to nothing");
  return joined(*place, name_of(path));
}

Result<ArchiveRules::Seen> ArchiveRules::judged(const std::string& path, const ArchiveEntry& entry) const {
  if (entry.is_sparse)
    return fail_for(path, "has holes, which the installer's tar can't unpack: pack without --sparse");
  Seen fresh{entry.type, entry.is_executable, {}};
  switch (entry.type) {
    case Type::kFile:
    case Type::kFolder:
    case Type::kFifo:
      break;
    case Type::kDevice:
      if (!is_under(path, "dev")) return fail_for(path, "is a device outside of dev/");
      break;
    case Type::kSymlink:
      if (entry.target.empty() || entry.target.size() > kMostPathBytes)
        return fail_for(path, "is a symbolic link to nothing");
      fresh.target = entry.target;
      break;
    case Type::kHardlink: {
      const auto target = normal_path(entry.target);
      if (!target) return tl::unexpected<Error>(target.error());
      const auto place = place_of(*target);
      if (!place) return tl::unexpected<Error>(place.error());
      const Seen* linked = find(*place);
      if (linked == nullptr || linked->type == Type::kFolder || *place == path) {
        return fail_for(path, concat("is a hard link to ", quote(entry.target), ", which is no file before it"));
      }
      fresh = *linked;
      break;
    }
    case Type::kOther:
      return fail_for(path, concat("is ", word(entry.type)));
  }
  const bool is_link = entry.type == Type::kSymlink || entry.type == Type::kHardlink;
  if (is_under(path, kFirmware) && (is_link || (entry.type != Type::kFile && entry.type != Type::kFolder))) {
    return fail_for(path, concat("is ", is_link ? "a link" : word(entry.type), " on the boot partition: FAT has none"));
  }
  if (const auto wanted = wanted_type(path); wanted && (fresh.type != *wanted || entry.type == Type::kHardlink)) {
    return fail_for(path, concat("must be ", word(*wanted), " of its own: the installer writes there"));
  }
  return fresh;
}

Result<void> ArchiveRules::check_replaced(const std::string& path, const Seen& fresh) const {
  const Seen* old = find(path);
  if (old == nullptr || (old->type == Type::kFolder) == (fresh.type == Type::kFolder)) return {};
  return fail_for(path, concat("is there twice, as ", word(old->type), " and as ", word(fresh.type)));
}

Result<void> ArchiveRules::see(const ArchiveEntry& entry) {
  const auto path = normal_path(entry.path);
  if (!path) return tl::unexpected<Error>(path.error());
  if (++entries_ > limits_.most_entries)
    return fail(concat("the archive has more than ", limits_.most_entries, " entries"));
  path_bytes_ += path->size() + entry.target.size();
  if (path_bytes_ > limits_.most_path_bytes) {
    return fail(concat("the names in the archive are together longer than ", limits_.most_path_bytes, " bytes"));
  }
  if (entry.size_bytes > limits_.most_unpacked_bytes - file_bytes_) {
    return fail(concat("the archive's files are together larger than ", limits_.most_unpacked_bytes, " bytes"));
  }
  file_bytes_ += entry.size_bytes;
  if (path->empty()) {  // the root itself
    if (entry.type != Type::kFolder)
      return fail_for(entry.path, concat("is ", word(entry.type), " in the place of the root"));
    return {};
  }
  const auto place = place_of(*path);
  if (!place) return tl::unexpected<Error>(place.error());
  if (is_under(*place, kFirmware)) firmware_bytes_ += entry.size_bytes;
  if (firmware_bytes_ > kMostFirmwareBytes) {
    return fail(concat("the archive's ", kFirmware, " is larger than ", kMostFirmwareBytes >> 20U,
                       " MiB, which is what the boot partition takes"));
  }
  auto fresh = judged(*place, entry);
  if (!fresh) return tl::unexpected<Error>(fresh.error());
  if (auto replaced = check_replaced(*place, *fresh); !replaced) return replaced;
  // Folders that the archive leaves away are made by tar.
  for (std::string_view parent = parent_of(*place); !parent.empty(); parent = parent_of(parent)) {
    if (!seen_.try_emplace(std::string(parent)).second) break;
    path_bytes_ += parent.size();
  }
  seen_[*place] = std::move(*fresh);
  return {};
}

bool ArchiveRules::is_program(const std::string& path, Links links) const {
  const auto place = resolve(path, links);
  const Seen* seen = place ? find(*place) : nullptr;
  return seen != nullptr && seen->type == Type::kFile && seen->is_executable;
}

/// As the installer looks for it: "sbin/init" may be a link into the running system, "init" not.
bool ArchiveRules::has_init(const std::string& root) const {
  const auto sbin = resolve(joined(root, "sbin"), Links::kOfInstaller);
  if (sbin && is_program(joined(*sbin, "init"), Links::kOfRunningSystem)) return true;
  return is_program(joined(root, "init"), Links::kOfInstaller);
}

/// The folder that everything is in, where there is one.
std::string ArchiveRules::only_top_folder() const {
  std::string top;
  for (const auto& [path, seen] : seen_) {
    if (path.find('/') != std::string::npos) continue;
    if (!top.empty() || seen.type != Type::kFolder) return {};
    top = path;
  }
  return top;
}

Result<void> ArchiveRules::finish() const {
  if (seen_.empty()) return fail("the archive is empty");
  if (!has_init({})) {
    const std::string top = only_top_folder();
    if (!top.empty() && has_init(top)) {
      return fail(concat("the root is in the archive's folder ", quote(top),
                         ": pack what is in it, with `tar -C FOLDER -czf FILE .`"));
    }
    return fail("the archive has no program sbin/init or init: this is no root file system that starts");
  }
  for (const std::string_view name : {"dev", "etc", "proc", "sys"}) {
    const Seen* seen = find(std::string(name));
    if (seen == nullptr || seen->type != Type::kFolder) {
      return fail(concat("the archive has no folder ", name, "/: a root file system needs it, if only to mount there"));
    }
  }
  return {};
}

}  // namespace piman::manager
