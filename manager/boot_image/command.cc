// SPDX-License-Identifier: Apache-2.0
#include "manager/boot_image/command.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <fstream>
#include <optional>
#include <string>
#include <string_view>

#include "common/flags.h"
#include "common/result.h"
#include "common/text.h"
#include "common/unique_fd.h"
#include "manager/boot_image/fat_image.h"
#include "manager/boot_image/import.h"
#include "manager/boot_image/signature.h"

namespace piman::manager {
namespace {

using Arguments = std::span<const char* const>;

constexpr int kExitFailure = 1;
constexpr int kExitUsage = 2;
constexpr std::int64_t kBeginOfFatTime = 315'532'800;  // 1980-01-01: FAT can't say anything earlier

Flag help_flag() { return {"help", "", "false", "Shows this help.", false}; }

int usage_error(const std::string& problem) {
  std::fprintf(stderr, "piman: %s\n", problem.c_str());
  return kExitUsage;
}
int failure(const Error& error) {
  std::fprintf(stderr, "piman: %s\n", error.message.c_str());
  return kExitFailure;
}

/// What every word does first: help, wrong flags, and flags and arguments that must be there.
/// Returns the exit status when there is nothing left to do.
std::optional<int> check(const ParsedFlags& parsed, std::span<const Flag> table, std::string_view usage,
                         std::size_t arguments, std::initializer_list<std::string_view> needed) {
  if (parsed.is_on(table, "help")) {
    std::fputs(concat(usage, "\nFlags:\n", render_flags_help(table)).c_str(), stdout);
    return 0;
  }
  std::vector<std::string> problems = parsed.problems;
  for (std::size_t i = arguments; i < parsed.arguments.size(); ++i) {
    problems.push_back(concat("unexpected argument ", quote(parsed.arguments[i])));
  }
  if (parsed.arguments.size() < arguments) problems.emplace_back("which file? It is missing behind the flags");
  for (const std::string_view flag : needed) {
    if (parsed.value(table, flag).empty()) problems.push_back(concat("--", flag, " is missing"));
  }
  for (const std::string& problem : problems) usage_error(problem);
  if (!problems.empty()) return kExitUsage;
  return std::nullopt;
}

/// SOURCE_DATE_EPOCH, by which builds are repeated; nothing when it is not set.
Result<std::optional<std::int64_t>> source_date_epoch() {
  const char* text = std::getenv("SOURCE_DATE_EPOCH");
  if (text == nullptr || *text == '\0') return std::optional<std::int64_t>();
  const auto seconds = parse_i64(text);
  constexpr std::int64_t kEndOfFatTime = 4'354'819'199;  // 2107-12-31
  if (!seconds || *seconds < kBeginOfFatTime || *seconds > kEndOfFatTime) {
    return fail(
        concat("SOURCE_DATE_EPOCH: ", quote(text), " is no number of seconds since 1970 between 1980 and 2107"));
  }
  return std::optional(*seconds);
}

/// Whole or not at all: a Pi must not see half of it.
Result<void> write_file(const std::string& path, std::string_view text) {
  const std::string unfinished = concat(path, ".unfinished-", ::getpid());
  std::ofstream file(unfinished, std::ios::binary | std::ios::trunc);
  file << text;
  file.close();
  if (file && std::rename(unfinished.c_str(), path.c_str()) == 0) return {};
  const std::string reason = std::strerror(errno);
  ::unlink(unfinished.c_str());
  return fail(concat("writing ", path, ": ", reason));
}

Result<std::string> read_small_file(const std::string& path) {
  const UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY));
  if (!file.valid()) return fail(concat("reading ", path, ": ", std::strerror(errno)));
  std::string text(kMostSignatureText + 1, '\0');
  std::size_t size = 0;
  while (size < text.size()) {
    const ::ssize_t got = ::read(file.get(), text.data() + size, text.size() - size);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return fail(concat("reading ", path, ": ", std::strerror(errno)));
    if (got == 0) break;
    size += static_cast<std::size_t>(got);
  }
  text.resize(size);
  return text;
}

/// "DIR/boot.sig" for "DIR/boot.img": the bootloader asks for these names side by side.
std::string signature_path_for(std::string_view image) {
  const std::string_view stem = image.ends_with(".img") ? image.substr(0, image.size() - 4) : image;
  return concat(stem, ".sig");
}

Result<void> sign(const std::string& image, const std::string& key, const std::string& output) {
  const auto epoch = source_date_epoch();
  if (!epoch) return fail(epoch.error().message);
  const auto signature = sign_boot_image(image, key, epoch->value_or(std::time(nullptr)));
  if (!signature) return fail(signature.error().message);
  if (auto written = write_file(output, format_boot_signature(*signature)); !written) return written;
  std::puts(concat(output, ": signed, SHA-256 ", hex_of(signature->sha256.data(), signature->sha256.size())).c_str());
  return {};
}

int run_build(Arguments arguments) {
  const std::array<Flag, 4> table = {{
      {"from", "DIR", "", "The folder whose files go into the image.", false},
      {"output", "FILE", "boot.img", "The image to write.", false},
      {"sign", "KEY.pem", "", "Also sign it with this private key, into FILE.sig beside it.", false},
      help_flag(),
  }};
  constexpr std::string_view kUsage =
      "Usage: piman boot-image build --from DIR [FLAG ...]\n\n"
      "Makes a boot.img, the FAT image that Raspberry Pi bootloaders load over HTTP or from a signed disk. The same "
      "files\n"
      "give the same bytes; SOURCE_DATE_EPOCH sets the times in it. Needs the Debian packages dosfstools and "
      "mtools.\n\n"
      "Examples:\n"
      "  piman boot-image build --from firmware/ --output boot.img --sign private.pem\n";
  const ParsedFlags parsed = parse_flags(table, arguments);
  if (const auto done = check(parsed, table, kUsage, 0, {"from", "output"})) return *done;
  const std::string from = parsed.value(table, "from"), output = parsed.value(table, "output");
  const auto epoch = source_date_epoch();
  if (!epoch) return failure(epoch.error());
  const auto image = build_fat_image(from, output, epoch->value_or(kBeginOfFatTime));
  if (!image) return failure(image.error());
  std::size_t files = 0;
  for (const FatEntry& entry : image->entries) files += entry.is_directory ? 0 : 1;
  // Nothing in an image is rendered: a template is no config.txt here.
  const auto models = netboot::check_model_files([&image](std::string_view name) {
    if (name.ends_with(".in")) return false;
    return std::any_of(image->entries.begin(), image->entries.end(),
                       [&](const FatEntry& entry) { return entry.path == name; });
  });
  std::puts(concat(output, ": ", image->size_bytes / 1024, " KiB with ", files, " files; ",
                   netboot::describe_model_files(models))
                .c_str());
  if (parsed.value(table, "sign").empty()) return 0;
  const auto done = sign(output, parsed.value(table, "sign"), signature_path_for(output));
  return done ? 0 : failure(done.error());
}

int run_sign(Arguments arguments) {
  const std::array<Flag, 3> table = {{
      {"key", "KEY.pem", "", "The private key: RSA, 2048 bits, no passphrase.", false},
      {"output", "FILE", "", "The signature to write; without it boot.sig for boot.img, beside it.", false},
      help_flag(),
  }};
  constexpr std::string_view kUsage =
      "Usage: piman boot-image sign IMAGE --key KEY.pem [FLAG ...]\n\n"
      "Signs a boot.img for the bootloaders that hold the public half of the key.\n\n"
      "Examples:\n"
      "  openssl genrsa -out private.pem 2048\n"
      "  piman boot-image sign boot.img --key private.pem\n";
  const ParsedFlags parsed = parse_flags(table, arguments);
  if (const auto done = check(parsed, table, kUsage, 1, {"key"})) return *done;
  const std::string& image = parsed.arguments.front();
  const std::string output = parsed.value(table, "output");
  const auto done = sign(image, parsed.value(table, "key"), output.empty() ? signature_path_for(image) : output);
  return done ? 0 : failure(done.error());
}

int run_verify(Arguments arguments) {
  const std::array<Flag, 3> table = {{
      {"key", "PUBLIC.pem", "", "The public key that the bootloaders hold.", false},
      {"signature", "FILE", "", "The signature; without it boot.sig for boot.img, beside it.", false},
      help_flag(),
  }};
  constexpr std::string_view kUsage =
      "Usage: piman boot-image verify IMAGE --key PUBLIC.pem [FLAG ...]\n\n"
      "Checks what a bootloader checks. Exit status 0: it would boot it, 1: it would not, and why.\n\n"
      "Examples:\n"
      "  openssl rsa -in private.pem -pubout -out public.pem\n"
      "  piman boot-image verify boot.img --key public.pem\n";
  const ParsedFlags parsed = parse_flags(table, arguments);
  if (const auto done = check(parsed, table, kUsage, 1, {"key"})) return *done;
  const std::string& image = parsed.arguments.front();
  const std::string given = parsed.value(table, "signature");
  const std::string file = given.empty() ? signature_path_for(image) : given;
  const auto text = read_small_file(file);
  if (!text) return failure(text.error());
  const auto signature = parse_boot_signature(*text);
  if (!signature) return failure(Error{concat(file, ": ", signature.error().message)});
  const auto verified = verify_boot_image(image, *signature, parsed.value(table, "key"));
  if (!verified) return failure(verified.error());
  std::puts(concat(image, ": signed with that key").c_str());
  return 0;
}

}  // namespace

int run_boot_image_command(Arguments arguments) {
  constexpr std::string_view kUsage =
      "Usage: piman boot-image build|sign|verify [FLAG ...]\n\n"
      "  build   makes a boot.img of a folder\n"
      "  sign    writes the boot.sig that bootloaders want beside it\n"
      "  verify  checks both as a bootloader does\n\n"
      "docs/http_boot.md tells what they are for.\n";
  const std::string_view what = arguments.empty() ? std::string_view() : std::string_view(arguments.front());
  if (what == "build") return run_build(arguments.subspan(1));
  if (what == "sign") return run_sign(arguments.subspan(1));
  if (what == "verify") return run_verify(arguments.subspan(1));
  if (what == "--help" || what == "-h" || what == "help") {
    std::fputs(kUsage.data(), stdout);
    return 0;
  }
  return usage_error(what.empty()
                         ? "boot-image needs a word: build, sign or verify"
                         : concat("unknown boot-image command ", quote(what), ": it is build, sign or verify"));
}

int run_netboot_import(Arguments arguments) {
  const std::array<Flag, 5> table = {{
      {"image", "NAME", "", "The name by which nodes are given it.", false},
      {"root", "DIR", "", "The boot root that the server is configured with.", false},
      {"replace", "", "false", "Put it in the place of an image of that name.", false},
      {"templates", "", "true", "Put piman's config.txt, cmdline.txt, iPXE and U-Boot scripts beside the files.",
       false},
      help_flag(),
  }};
  constexpr std::string_view kUsage =
      "Usage: piman netboot import DIR --image NAME --root DIR [FLAG ...]\n\n"
      "Copies a folder of boot files, such as a Pi's /boot/firmware, to ROOT/images/NAME, and says which models can "
      "boot\n"
      "from it. Refuses a folder that none can boot from.\n\n"
      "Examples:\n"
      "  piman netboot import /boot/firmware --image default --root /srv/piman/boot\n";
  const ParsedFlags parsed = parse_flags(table, arguments);
  if (const auto done = check(parsed, table, kUsage, 1, {"image", "root"})) return *done;
  ImportSettings settings;
  settings.from = parsed.arguments.front();
  settings.boot_root = parsed.value(table, "root");
  settings.name = parsed.value(table, "image");
  settings.replace = parsed.is_on(table, "replace");
  settings.with_templates = parsed.is_on(table, "templates");
  const auto imported = import_boot_files(settings);
  if (!imported) return failure(imported.error());
  std::puts(concat(imported->path, ": ", imported->files, " files, ", imported->bytes / 1024, " KiB").c_str());
  for (const netboot::ModelFiles& model : imported->models) {
    std::string line = concat("  ", model.model, std::string(12 - std::min<std::size_t>(11, model.model.size()), ' '));
    line += model.missing.empty() ? "boots" : "does not boot, missing:";
    for (const std::string_view name : model.missing)
      line += concat(' ', name, model.missing.back() == name ? "" : ",");
    if (model.missing.empty() && !model.recommended.empty()) {
      line += ", without:";
      for (const std::string_view name : model.recommended) line += concat(' ', name);
    }
    std::puts(line.c_str());
  }
  for (const std::string& note : imported->notes) std::puts(concat("note: ", note).c_str());
  return 0;
}

}  // namespace piman::manager
