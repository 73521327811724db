// SPDX-License-Identifier: Apache-2.0
#include "netboot/tftp/boot_files.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdio>
#include <filesystem>
#include <string>

#include "netboot/tftp/boot_catalog.h"
#include "netboot/tftp/boot_listing.h"
#include "tests/support/temp_tree.h"

namespace piman::netboot::tftp {
namespace {

using namespace std::chrono_literals;
using test::link;
using test::TempTree;

const Ipv4Address kServer = *Ipv4Address::parse("192.0.2.1");

BootClient pi7() {
  return {.host = {.mac = {}, .address = *Ipv4Address::parse("192.0.2.7"), .name = "pi7", .group = "lab", .image = ""},
          .serial = 0xB66C4C16,
          .token = "secret"};
}

struct Shelf {
  explicit Shelf(const TempTree& tree, std::uint64_t max_file_bytes = 1 << 20)
      : files(BootFiles::open(tree.path(), {}, max_file_bytes)), catalog(*files) {}
  Result<BootFiles> files;
  BootCatalog catalog;
  SteadyTime now{};

  /// The content, or "<fault>".
  std::string get(std::string_view name, const BootClient& client = pi7()) {
    auto served = catalog.find(name, client, kServer, now);
    if (!served) return concat("<", word(served.error().kind), ">");
    std::string text(static_cast<std::size_t>(served->source->size_bytes()), '\0');
    const auto done = served->source->read(0, std::span(reinterpret_cast<std::uint8_t*>(text.data()), text.size()));
    return done ? text : concat("<", done.error().message, ">");
  }
};

TEST(BootFiles, UpperLayersHideLowerOnes) {
  const TempTree tree({{"nodes/pi7/a", "node"},
                       {"groups/lab/a", "group"},
                       {"groups/lab/b", "group"},
                       {"images/default/a", "image"},
                       {"images/default/b", "image"},
                       {"images/default/overlays/c", "image"}});
  Shelf shelf(tree);
  EXPECT_EQ(shelf.get("a"), "node");
  EXPECT_EQ(shelf.get("b66c4c16/b"), "group");
  EXPECT_EQ(shelf.get("dc-a6-32-01-36-c2/overlays/c"), "image");
  EXPECT_EQ(shelf.get("d"), "<not_found>");
  EXPECT_EQ(shelf.get("overlays"), "<not_found>");
  EXPECT_EQ(shelf.get("a/x"), "<not_found>");
  EXPECT_EQ(shelf.get("a", {}), "image");
}

TEST(BootFiles, NothingLeadsOut) {
  const TempTree outside({{"secret", "outside"}});
  const TempTree tree({{"images/default/up", link("../../../secret")},
                       {"images/default/absolute", link(outside.path("secret"))},
                       {"images/default/dir", link(outside.path())},
                       {"images/default/inside", link("../other/file")},
                       {"images/default/self", link("/proc/self/cmdline")},
                       {"images/default/loop", link("loop")},
                       {"images/other/file", "inside"}});
  Shelf shelf(tree);
  EXPECT_EQ(shelf.get("up"), "<forbidden>");
  EXPECT_EQ(shelf.get("absolute"), "<forbidden>");
  EXPECT_EQ(shelf.get("dir/secret"), "<forbidden>");
  EXPECT_EQ(shelf.get("self"), "<forbidden>");
  EXPECT_EQ(shelf.get("loop"), "<forbidden>");
  EXPECT_EQ(shelf.get("inside"), "inside");
  EXPECT_EQ(shelf.get("../other/file"), "<bad_name>");
  EXPECT_EQ(shelf.get("a\nb"), "<bad_name>");
  EXPECT_EQ(shelf.get("../../../../etc/passwd"), "<bad_name>");
}

TEST(BootFiles, OnlyRegularFilesOfASaneSize) {
  const TempTree tree({{"images/default/big", std::string(101, 'x')}, {"images/default/fits", std::string(100, 'x')}});
  ASSERT_EQ(::mkfifo(tree.path("images/default/pipe").c_str(), 0600), 0);
  Shelf shelf(tree, 100);
  EXPECT_EQ(shelf.get("big"), "<too_large>");
  EXPECT_EQ(shelf.get("fits").size(), 100U);
  EXPECT_EQ(shelf.get("pipe"), "<not_found>");
}

TEST(BootFiles, AWrongRootIsAnError) {
  const auto files = BootFiles::open("/nonexistent/boot", {});
  ASSERT_FALSE(files);
  EXPECT_EQ(files.error().message, "opening the boot root /nonexistent/boot: No such file or directory");
}

TEST(BootCatalog, TemplatesAreRenderedAndNeverServedRaw) {
  const TempTree tree({{"images/default/cmdline.txt", "plain master=MASTER"},
                       {"images/default/cmdline.txt.in", "host={{name}} t={{token}} master=MASTER"},
                       {"images/default/config.txt", "MASTER stays"},
                       {"nodes/pi8/config.txt.in", "{{nonsense}}"}});
  Shelf shelf(tree);
  EXPECT_EQ(shelf.get("cmdline.txt"), "host=pi7 t=secret master=192.0.2.1");
  EXPECT_EQ(shelf.get("cmdline.txt.in"), "<not_found>");
  EXPECT_EQ(shelf.get("config.txt"), "MASTER stays");
  BootClient pi8 = pi7();
  pi8.host.name = "pi8";
  pi8.host.address = *Ipv4Address::parse("192.0.2.8");
  EXPECT_EQ(shelf.get("config.txt", pi8), "<bad_template>");
}

TEST(BootCatalog, RenderedTextsStayForOneBoot) {
  const TempTree tree({{"images/default/config.txt.in", "one {{name}}"}});
  Shelf shelf(tree);
  EXPECT_EQ(shelf.get("config.txt"), "one pi7");
  tree.put("images/default/config.txt.in", "two {{name}}");
  for (int i = 0; i < 10; ++i) {
    shelf.now += 50s;  // a long boot, but never quiet for a minute
    EXPECT_EQ(shelf.get("b66c4c16/config.txt"), "one pi7");
  }
  shelf.now += 61s;
  EXPECT_EQ(shelf.get("config.txt"), "two pi7");
  tree.put("images/default/config.txt.in", "three {{name}}");
  EXPECT_EQ(shelf.get("config.txt"), "two pi7");
  shelf.catalog.begin_boot(pi7().host.address);
  EXPECT_EQ(shelf.get("config.txt"), "three pi7");
}

TEST(BootCatalog, NodesDoNotShareTexts) {
  const TempTree tree({{"images/default/config.txt.in", "{{address}}"}});
  Shelf shelf(tree);
  for (std::uint32_t i = 0; i < BootCatalog::kMaxBoots + 100; ++i) {
    BootClient client = pi7();
    client.host.address = Ipv4Address(0x0A000000 + i);
    ASSERT_EQ(shelf.get("config.txt", client), client.host.address.to_string());
  }
}

TEST(FileCache, OneFileIsReadOnceForAll) {
  std::string text(200'000, '\0');
  for (std::size_t i = 0; i < text.size(); ++i) text[i] = static_cast<char>(i * 7 % 251);
  const TempTree tree({{"images/default/kernel8.img", text}});
  Shelf shelf(tree);
  const auto kept = shelf.catalog.find("kernel8.img", pi7(), kServer, shelf.now);
  for (int i = 0; i < 20; ++i) EXPECT_TRUE(shelf.get("kernel8.img") == text);
  EXPECT_EQ(shelf.catalog.pieces_read(), 200'000 / FileCache::kPieceBytes + 1);
}

TEST(FileCache, MemoryIsBoundedAndWhatIsReadIsRight) {
  std::string text(300'000, '\0');
  for (std::size_t i = 0; i < text.size(); ++i) text[i] = static_cast<char>(i * 7 % 251);
  const TempTree tree({{"f", text}});
  auto files = BootFiles::open(tree.path(), {});
  FileCache cache(3 * FileCache::kPieceBytes);
  UniqueFd fd(::open(tree.path("f").c_str(), O_RDONLY));
  const auto identity = identify(fd.get());
  ASSERT_TRUE(identity);
  const auto source = cache.share(std::move(fd), *identity);
  for (std::size_t i = 0; i < 500; ++i) {
    const std::size_t offset = i * 7919 % 260'000, length = i * 101 % 40'000;
    std::string out(length, '\0');
    ASSERT_TRUE(source->read(offset, std::span(reinterpret_cast<std::uint8_t*>(out.data()), length)));
    ASSERT_TRUE(out == text.substr(offset, length)) << offset << " " << length;
  }
}

TEST(FileCache, AFileThatIsChangedUnderATransferFails) {
  const TempTree tree({{"images/default/kernel8.img", std::string(100'000, 'a')}});
  Shelf shelf(tree);
  const auto old = shelf.catalog.find("kernel8.img", pi7(), kServer, shelf.now);
  ASSERT_TRUE(old);
  std::vector<std::uint8_t> out(100);
  ASSERT_TRUE(old->source->read(0, out));
  tree.put("images/default/kernel8.img", std::string(90'000, 'b'));
  EXPECT_FALSE(old->source->read(50'000, out));
  EXPECT_EQ(shelf.get("kernel8.img"), std::string(90'000, 'b'));
  // Replaced as one should, the old content is still there for who began with it.
  const auto before = shelf.catalog.find("kernel8.img", pi7(), kServer, shelf.now);
  tree.put("images/default/new", std::string(80'000, 'c'));
  std::filesystem::rename(tree.path("images/default/new"), tree.path("images/default/kernel8.img"));
  ASSERT_TRUE(before->source->read(50'000, out));
  EXPECT_EQ(out[0], 'b');
  EXPECT_EQ(shelf.get("kernel8.img"), std::string(80'000, 'c'));
}

TEST(BootListing, SaysWhatIsServedAndWhy) {
  const TempTree tree({{"nodes/pi7/cmdline.txt.in", "x"},
                       {"images/default/cmdline.txt", "plain"},
                       {"images/default/config.txt", "12345"},
                       {"images/default/overlays/a.dtbo", "1"},
                       {"images/default/out", link("/etc/hostname")},
                       {"images/default/gone", link("nothing")}});
  Shelf shelf(tree);
  EXPECT_EQ(
      describe(list_tree(*shelf.files, pi7().host)),
      "# node   nodes/pi7/\n"
      "# group  groups/lab/\n"
      "# image  images/default/\n"
      "cmdline.txt          1  node   nodes/pi7/cmdline.txt.in  [template]  [MASTER]  hides "
      "images/default/cmdline.txt\n"
      "config.txt           5  image  images/default/config.txt\n"
      "out                  0  image  images/default/out  NOT SERVED: forbidden: a link leads out of the boot root\n"
      "overlays/a.dtbo      1  image  images/default/overlays/a.dtbo\n");
}

TEST(BootListing, LinksInCirclesEnd) {
  const TempTree tree({{"images/default/file", "1"}});
  for (const char* name : {"a", "b", "c", "d"}) tree.put(concat("images/default/", name), link("."));
  Shelf shelf(tree);
  std::string names;
  for (const TreeEntry& entry : list_tree(*shelf.files, {}).entries) names += entry.name + " ";
  EXPECT_EQ(names, "a/file b/file c/file d/file file ");
}

}  // namespace
}  // namespace piman::netboot::tftp
