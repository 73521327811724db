// SPDX-License-Identifier: Apache-2.0
#include "manager/image_call.h"

#include <cstdio>
#include <filesystem>
#include <string_view>
#include <system_error>
#include <utility>

#include "common/clock.h"
#include "common/text.h"
#include "manager/byte_progress.h"
#include "manager/config_file.h"
#include "manager/image_json.h"
#include "manager/images/store_files.h"
#include "manager/terminal.h"

namespace piman::manager {
namespace {

std::string describe(const StoredImage& image) {
  return concat(image.ref().to_string(), ": ", short_bytes(static_cast<double>(image.size_bytes)), " ", image.format,
                ", unpacked ", short_bytes(static_cast<double>(image.unpacked_bytes)), ", ", image.entries,
                " entries, ", image.architecture == "any" ? "no programs of a known architecture" : image.architecture,
                "\nsha256 ", image.sha256, '\n');
}

}  // namespace

Flag images_flag() {
  return {"images", "DIR", "", "The store; without it install.images of the configuration.", false};
}
Flag image_json_flag() { return {"json", "", "false", "Print JSON, for programs.", false}; }

StoreCall begin_store_call(const ApiCommand& command, std::span<const char* const> arguments) {
  StoreCall begun{read_command_line(command, arguments), {}};
  if (begun.call.exit) return begun;
  begun.folder = begun.call.parsed.value(command.flags, "images");
  std::error_code ignored;
  if (!begun.folder.empty()) {
    begun.folder = std::filesystem::absolute(begun.folder, ignored).string();
    return begun;
  }
  if (auto found = find_config(begun.call.parsed, command.flags, "or name the store with --images=DIR")) {
    begun.folder = std::move(found->config.install.images);
  } else {
    begun.call.exit = fail_command(command, found.error().message, kApiUsage);
  }
  return begun;
}

Result<ImageRef> named_version(const ParsedFlags& parsed, std::span<const Flag> flags) {
  const std::string name = parsed.value(flags, "name"), version = parsed.value(flags, "version");
  if (name.empty() || version.empty()) return fail(concat("--", name.empty() ? "name" : "version", " is missing"));
  return parse_image_ref(concat(name, '@', version));
}

int add_and_tell(const ApiCommand& command, const StoreCall& begun, const AddRequest& request) {
  const Clock clock;
  const auto added = [&] {
    ByteProgressLine line(concat("adding ", request.ref.to_string()), clock);
    return add_image(begun.folder, request,
                     [&line](std::uint64_t done, std::uint64_t total) { line.show(done, total); });
  }();
  if (!added) return fail_command(command, printable(added.error().message), kApiNotGood);
  const auto read = read_index(begun.folder);
  const StoredImage* standard = read ? read->index.default_image() : nullptr;
  const bool is_default = standard != nullptr && standard->ref() == request.ref;
  if (begun.call.parsed.is_on(command.flags, "json")) {
    print(image_json(begun.folder, added->image, is_default));
    return kApiGood;
  }
  print(describe(added->image));
  if (added->was_there) print("It was there already, and is the same.\n");
  if (added->leftovers > 0)
    print(concat("Removed ", added->leftovers, " files that an interrupted command had left.\n"));
  if (added->image.architecture != "arm64" && added->image.architecture != "arm") {
    std::fprintf(stderr, "warning: its programs are for %s: no Pi runs them\n", added->image.architecture.c_str());
  }
  if (is_default) print("It is the default.\n");
  if (standard == nullptr) print(concat("No image is the default: piman image default ", request.ref.name, '\n'));
  return kApiGood;
}

}  // namespace piman::manager
