// SPDX-License-Identifier: Apache-2.0
#include "manager/boot_image/import.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <set>
#include <system_error>

#include "common/text.h"
#include "manager/boot_image/fat_image.h"
#include "manager/boot_image/program.h"
#include "netboot/boot/templates.h"

namespace piman::manager {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMostNameBytes = 64;
constexpr std::string_view kUbootScript = "boot.cmd";

bool is_image_name(std::string_view name) {
  return !name.empty() && name.size() <= kMostNameBytes && name.front() != '.' &&
         std::all_of(name.begin(), name.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
                  c == '-';
         });
}

Result<void> copy_files(const std::string& from, const std::string& to, const std::vector<FatEntry>& entries) {
  std::error_code problem;
  for (const FatEntry& entry : entries) {
    const std::string source = concat(from, '/', entry.path), target = concat(to, '/', entry.path);
    if (entry.is_directory) {
      fs::create_directory(target, problem);
    } else {
      fs::copy_file(source, target, problem);
      // The server that reads them is another user than the one that imports.
      if (!problem) fs::permissions(target, fs::perms(0644), problem);
    }
    if (problem) return fail(concat("copying ", source, ": ", problem.message()));
  }
  return {};
}

Result<void> write_templates(const std::string& to) {
  for (const netboot::BootTemplate& each : netboot::boot_templates()) {
    const std::string path = concat(to, '/', each.name);
    std::ofstream file(path, std::ios::binary | std::ios::trunc);
    file << each.text;
    file.close();
    if (!file) return fail(concat("writing ", path, " failed"));
  }
  return {};
}

/// boot.scr.uimg; what keeps it from being made is a note, for only U-Boot wants it.
Result<void> make_uboot_script(const std::string& folder) {
  const auto mkimage = find_program("mkimage", "u-boot-tools");
  if (!mkimage) return fail(mkimage.error().message);
  return run_program({{*mkimage, "-A", "arm64", "-T", "script", "-C", "none", "-n", "piman", "-d",
                       concat(folder, '/', kUbootScript), concat(folder, "/boot.scr.uimg")},
                      {"LC_ALL=C", "SOURCE_DATE_EPOCH=315532800"}});
}

/// Removes a folder that did not become an image, or no longer is one.
class Leftover {
 public:
  explicit Leftover(std::string path) : path_(std::move(path)) {}
  ~Leftover() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  Leftover(const Leftover&) = delete;
  Leftover& operator=(const Leftover&) = delete;

 private:
  std::string path_;
};

Result<void> put_in_place(const std::string& made, const std::string& target, bool replace) {
  if (::renameat2(AT_FDCWD, made.c_str(), AT_FDCWD, target.c_str(), RENAME_NOREPLACE) == 0) return {};
  if (errno == EEXIST && !replace)
    return fail(concat(target, ": is there already; --replace puts the new one in its place"));
  // Both names at once: at no moment is there no image. The old one then lies where the new one was made.
  if (errno == EEXIST && ::renameat2(AT_FDCWD, made.c_str(), AT_FDCWD, target.c_str(), RENAME_EXCHANGE) == 0) return {};
  return fail(concat("writing ", target, ": ", std::strerror(errno)));
}

}  // namespace

Result<Imported> import_boot_files(const ImportSettings& settings) {
  if (!is_image_name(settings.name)) {
    return fail(concat(quote(settings.name), " is no image name: 1 to ", kMostNameBytes, " of A-Z a-z 0-9 . _ -"));
  }
  std::error_code problem;
  const std::string from = fs::canonical(settings.from, problem).string();
  if (problem) return fail(concat("reading ", settings.from, ": ", problem.message()));
  const auto entries = list_folder(from);
  if (!entries) return fail(entries.error().message);
  std::set<std::string, std::less<>> names;
  Imported imported;
  for (const FatEntry& entry : *entries) {
    if (entry.is_directory) continue;
    names.insert(entry.path);
    imported.files += 1;
    imported.bytes += entry.size_bytes;
  }
  if (settings.with_templates) {
    for (const netboot::BootTemplate& each : netboot::boot_templates()) names.emplace(each.name);
  }
  imported.models = netboot::check_model_files([&names](std::string_view name) { return names.contains(name); });
  if (std::none_of(imported.models.begin(), imported.models.end(),
                   [](const netboot::ModelFiles& files) { return files.missing.empty(); })) {
    return fail(
        concat(settings.from, ": no Raspberry Pi can boot from it: ", netboot::describe_model_files(imported.models)));
  }

  const std::string images = concat(settings.boot_root, "/images");
  fs::create_directories(images, problem);
  if (problem) return fail(concat("making ", images, ": ", problem.message()));
  imported.path = concat(images, '/', settings.name);
  const std::string made = concat(images, "/.", settings.name, ".import-", ::getpid());
  const Leftover leftover(made);
  fs::create_directory(made, problem);
  if (problem) return fail(concat("making ", made, ": ", problem.message()));
  if (auto copied = copy_files(from, made, *entries); !copied) return fail(copied.error().message);
  if (settings.with_templates) {
    if (auto written = write_templates(made); !written) return fail(written.error().message);
    if (auto script = make_uboot_script(made); !script) {
      imported.notes.push_back(concat("no boot.scr.uimg for U-Boot: ", script.error().message));
    }
  }
  if (!names.contains("initramfs.gz") && settings.with_templates) {
    imported.notes.emplace_back("config.txt loads initramfs.gz, which is not there yet");
  }
  if (auto placed = put_in_place(made, imported.path, settings.replace); !placed) return fail(placed.error().message);
  return imported;
}

}  // namespace piman::manager
