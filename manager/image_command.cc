// SPDX-License-Identifier: Apache-2.0
#include "manager/image_command.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>
#include <vector>

#include "common/text.h"
#include "manager/byte_progress.h"
#include "manager/command_words.h"
#include "manager/config_file.h"
#include "manager/image_build.h"
#include "manager/image_call.h"
#include "manager/image_json.h"
#include "manager/images/changes.h"
#include "manager/images/store_files.h"
#include "manager/terminal.h"

namespace piman::manager {
namespace {

using Arguments = std::span<const char* const>;

std::int64_t unix_time(WallTime time) { return std::chrono::system_clock::to_time_t(time); }

int add(Arguments arguments) {
  static const std::array<Flag, 8> kFlags = {
      {{"name", "NAME", "", "What it is called: a-z 0-9 . _ -", false},
       {"version", "VERSION", "", "Which one of that name: A-Z a-z 0-9 . _ - + ~", false},
       {"default", "", "false", "Make NAME the default.", false},
       {"max-unpacked-gib", "N", "64", "Refuse what unpacks to more.", false},
       images_flag(),
       config_flag(),
       image_json_flag(),
       help_flag()}};
  static const ApiCommand kCommand = {
      "image add",
      "Usage: piman image add FILE --name NAME --version VERSION [FLAG ...]\n\n"
      "Copies the archive of a root file system (tar.gz, tar.xz or tar.zst) into the store, after it was read to its "
      "end:\n"
      "that it is whole, holds nothing that leads out of the node's disk, and has what a root file system needs. A "
      "running\n"
      "server sees it at once. A version never changes: other contents need another one.\n"
      "Exit code: 0 it is in the store, 1 it is not, 2 wrong usage.\n\n"
      "Examples:\n"
      "  piman image add raspios.tar.zst --name raspios --version 2026-11\n"
      "  tar -C ROOT --numeric-owner -czf root.tar.gz . && piman image add root.tar.gz --name mine --version 1 "
      "--default\n",
      kFlags, 1, 1};
  const StoreCall begun = begin_store_call(kCommand, arguments);
  if (begun.call.exit) return *begun.call.exit;
  const auto ref = named_version(begun.call.parsed, kFlags);
  if (!ref) return fail_command(kCommand, ref.error().message, kApiUsage);
  const auto most = parse_u64(begun.call.parsed.value(kFlags, "max-unpacked-gib"));
  if (!most || *most == 0 || *most > 4096)
    return fail_command(kCommand, "--max-unpacked-gib is a number from 1 to 4096", kApiUsage);
  AddRequest request;
  request.file = begun.call.parsed.arguments.front();
  request.ref = *ref;
  request.make_default = begun.call.parsed.is_on(kFlags, "default");
  request.now = unix_time(Clock().wall());
  request.limits.most_unpacked_bytes = *most << 30U;
  return add_and_tell(kCommand, begun, request);
}

int list(Arguments arguments) {
  static const std::array<Flag, 4> kFlags = {images_flag(), config_flag(), image_json_flag(), help_flag()};
  static const ApiCommand kCommand = {
      "image list",
      "Usage: piman image list [FLAG ...]\n\n"
      "Shows the images of the store.\n"
      "Exit code: 0 done, 1 the store can't be read, 2 wrong usage.\n\n"
      "Examples:\n"
      "  piman image list\n"
      "  piman image list --images=/var/lib/piman/images --json | jq -r '.images[].name'\n",
      kFlags, 0, 0};
  const StoreCall begun = begin_store_call(kCommand, arguments);
  if (begun.call.exit) return *begun.call.exit;
  const auto read = read_index(begun.folder);
  if (!read) return fail_command(kCommand, printable(read.error().message), kApiNotGood);
  print(begun.call.parsed.is_on(kFlags, "json") ? images_json(begun.folder, read->index)
                                                : render_images(read->index, Clock().wall()));
  return kApiGood;
}

int remove(Arguments arguments) {
  static const std::array<Flag, 5> kFlags = {{{"all-versions", "", "false", "Of a name that has several.", false},
                                              {"force", "", "false", "Also the default, and what is in use.", false},
                                              images_flag(),
                                              config_flag(),
                                              help_flag()}};
  static const ApiCommand kCommand = {
      "image rm",
      "Usage: piman image rm NAME[@VERSION] [FLAG ...]\n\n"
      "Removes an image from the store. Refuses the default, and one that an order or an install of a running server\n"
      "needs.\n"
      "Exit code: 0 removed, 1 refused or not there, 2 wrong usage.\n\n"
      "Examples:\n"
      "  piman image rm raspios@2026-09\n"
      "  piman image rm mine --all-versions --force\n",
      kFlags, 1, 1};
  const StoreCall begun = begin_store_call(kCommand, arguments);
  if (begun.call.exit) return *begun.call.exit;
  const auto ref = parse_image_ref(begun.call.parsed.arguments.front());
  if (!ref) return fail_command(kCommand, ref.error().message, kApiUsage);
  const auto removed = remove_images(
      begun.folder, {*ref, begun.call.parsed.is_on(kFlags, "all-versions"), begun.call.parsed.is_on(kFlags, "force")});
  if (!removed) return fail_command(kCommand, printable(removed.error().message), kApiNotGood);
  for (const StoredImage& image : removed->images) print(concat("Removed ", image.ref().to_string(), ".\n"));
  print(concat(short_bytes(static_cast<double>(removed->freed_bytes)), " are free again.\n"));
  if (removed->default_is_gone) print("No image is the default now: piman image default NAME\n");
  return kApiGood;
}

int choose_default(Arguments arguments) {
  static const std::array<Flag, 3> kFlags = {images_flag(), config_flag(), help_flag()};
  static const ApiCommand kCommand = {"image default",
                                      "Usage: piman image default NAME[@VERSION] [FLAG ...]\n\n"
                                      "Chooses what nodes are installed with when nothing else is said: NAME is its "
                                      "newest version, also one that comes\n"
                                      "later; NAME@VERSION stays that one.\n"
                                      "Exit code: 0 done, 1 there is no such image, 2 wrong usage.\n\n"
                                      "Examples:\n"
                                      "  piman image default raspios\n"
                                      "  piman image default raspios@2026-09\n",
                                      kFlags, 1, 1};
  const StoreCall begun = begin_store_call(kCommand, arguments);
  if (begun.call.exit) return *begun.call.exit;
  const auto ref = parse_image_ref(begun.call.parsed.arguments.front());
  if (!ref) return fail_command(kCommand, ref.error().message, kApiUsage);
  const auto image = set_default_image(begun.folder, *ref);
  if (!image) return fail_command(kCommand, printable(image.error().message), kApiNotGood);
  print(ref->version.empty() ? concat("The default is ", ref->name, ", now version ", image->version, ".\n")
                             : concat("The default is ", ref->to_string(), ".\n"));
  return kApiGood;
}

int verify(Arguments arguments) {
  static const std::array<Flag, 3> kFlags = {images_flag(), config_flag(), help_flag()};
  static const ApiCommand kCommand = {
      "image verify",
      "Usage: piman image verify [NAME[@VERSION] ...] [FLAG ...]\n\n"
      "Reads images to their end and compares them with what was added; all of them unless some are named.\n"
      "Exit code: 0 all are good, 1 some are not, or there is no such image, 2 wrong usage.\n\n"
      "Examples:\n"
      "  piman image verify\n"
      "  piman image verify raspios@2026-11\n",
      kFlags, kMostImages, 0};
  const StoreCall begun = begin_store_call(kCommand, arguments);
  if (begun.call.exit) return *begun.call.exit;
  const auto read = read_index(begun.folder);
  if (!read) return fail_command(kCommand, printable(read.error().message), kApiNotGood);
  std::vector<StoredImage> chosen;
  for (const std::string& text : begun.call.parsed.arguments) {
    const auto ref = parse_image_ref(text);
    if (!ref) return fail_command(kCommand, ref.error().message, kApiUsage);
    const StoredImage* image = read->index.find(*ref);
    if (image == nullptr) return fail_command(kCommand, concat("there is no image ", ref->to_string()), kApiNotGood);
    chosen.push_back(*image);
  }
  if (begun.call.parsed.arguments.empty()) chosen = read->index.images;
  const Clock clock;
  int exit = kApiGood;
  for (const StoredImage& image : chosen) {
    const auto good = [&] {
      ByteProgressLine line(concat("reading ", image.ref().to_string()), clock);
      return verify_image(begun.folder, image,
                          [&line](std::uint64_t done, std::uint64_t total) { line.show(done, total); });
    }();
    if (good) {
      print(image.ref().to_string() + ": good\n");
    } else {
      exit =
          fail_command(kCommand, concat(image.ref().to_string(), ": ", printable(good.error().message)), kApiNotGood);
    }
  }
  return exit;
}

}  // namespace

std::string render_images(const ImageIndex& index, WallTime now) {
  if (index.images.empty()) return "There is no image yet: piman image add FILE --name NAME --version VERSION\n";
  static constexpr std::array<bool, 8> kRightAligned = {false, false, false, true, true, false, true, false};
  TextTable table({"NAME", "VERSION", "FORMAT", "SIZE", "UNPACKED", "FOR", "ADDED", "SHA256"}, kRightAligned);
  const StoredImage* standard = index.default_image();
  for (const StoredImage& image : index.images) {
    const std::string mark = &image == standard ? " (default)" : "";
    const auto age = static_cast<double>(unix_time(now) - image.added_at);
    table.add({image.name, image.version + mark, image.format, short_bytes(static_cast<double>(image.size_bytes)),
               short_bytes(static_cast<double>(image.unpacked_bytes)), image.architecture, short_duration(age) + " ago",
               image.sha256.substr(0, 12)});
  }
  return table.render() + (standard == nullptr ? "No image is the default: piman image default NAME\n" : "");
}

int run_image_command(std::span<const char* const> arguments) {
  constexpr std::string_view kUsage =
      "Usage: piman image add|list|rm|default|verify|build [FLAG ...]\n\n"
      "  add      checks the archive of a root file system, and puts it into the store\n"
      "  list     shows what there is\n"
      "  rm       removes an image\n"
      "  default  chooses what nodes are installed with when nothing else is said\n"
      "  verify   reads images to their end, and says which are not as they were added\n"
      "  build    makes an image of Debian's packages, with the node agent in it\n\n"
      "Examples:\n"
      "  piman image add raspios.tar.zst --name raspios --version 2026-11 --default\n"
      "  piman image list\n"
      "  piman image build --output root.tar.zst\n\n"
      "docs/images.md tells more.\n";
  static constexpr auto kWords = std::to_array<CommandWord>({
      {"add", &add},
      {"list", &list},
      {"rm", &remove},
      {"default", &choose_default},
      {"verify", &verify},
      {"build", &run_image_build},
  });
  return run_word("image", kUsage, kWords, arguments);
}

}  // namespace piman::manager
