// SPDX-License-Identifier: Apache-2.0
#include "manager/images/image_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include "common/text.h"
#include "manager/images/changes.h"
#include "tests/manager/images/tar_maker.h"
#include "tests/support/temp_tree.h"

namespace piman::manager {
namespace {

using test::gzip_of;
using test::small_root;
using test::tar_of;
using test::TempTree;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::string archive_with(const std::string& content) {
  auto entries = small_root();
  entries.push_back({"content", '0', content, "", 0644});
  return gzip_of(tar_of(entries));
}

class ImageStoreTest : public testing::Test {
 protected:
  Result<Added> add(const std::string& name, const std::string& version, const std::string& content,
                    bool make_default = false) {
    tree_.put("archive", archive_with(content));
    return add_image(folder_, {tree_.path("archive"), {name, version}, make_default, 1'800'000'000, {}}, {});
  }
  void must_add(const std::string& name, const std::string& version, const std::string& content) {
    const auto added = add(name, version, content);
    ASSERT_TRUE(added) << added.error().message;
  }
  std::string error_of_remove(const std::string& ref, bool all = false, bool force = false) {
    const auto removed = remove_images(folder_, {*parse_image_ref(ref), all, force});
    return removed ? "" : removed.error().message;
  }
  std::vector<std::string> names(const std::string& below) {
    std::vector<std::string> all;
    for (const auto& entry : std::filesystem::directory_iterator(folder_ + below))
      all.push_back(entry.path().filename());
    std::sort(all.begin(), all.end());
    return all;
  }
  std::vector<std::string> stored() {
    std::vector<std::string> all;
    for (const auto& image : ImageStore(folder_).list()) all.push_back(image.name + '@' + image.version);
    return all;
  }

  TempTree tree_;
  std::string folder_ = tree_.path("images");
};

TEST_F(ImageStoreTest, what_was_added_is_found) {
  const auto added = add("pios", "9", "nine");
  ASSERT_TRUE(added) << added.error().message;
  EXPECT_FALSE(added->was_there);
  must_add("pios", "10", "ten");
  const auto store = ImageStore::open(folder_);
  ASSERT_TRUE(store);
  const auto nine = (*store)->find("pios@9"), newest = (*store)->find("pios");
  ASSERT_TRUE(nine && newest);
  EXPECT_EQ(nine->sha256, added->image.sha256);
  EXPECT_EQ(nine->format, "tar.gz");
  EXPECT_EQ(test::read_file(nine->path), archive_with("nine"));
  EXPECT_EQ(nine->size_bytes, archive_with("nine").size());
  EXPECT_EQ(newest->version, "10");
  EXPECT_FALSE((*store)->find("pios@8") || (*store)->find("tiny") || (*store)->find("") || (*store)->find("No!"));
  EXPECT_THAT((*store)->look_up("tiny").error().message, HasSubstr("no image tiny in"));
  EXPECT_THAT(names("/adding"), IsEmpty());
  // As sha256sum says it.
  EXPECT_TRUE(verify_image(folder_, added->image, {}));
}

TEST_F(ImageStoreTest, a_store_that_is_not_there_is_empty_until_it_comes) {
  const auto store = ImageStore::open(folder_);
  ASSERT_TRUE(store);
  EXPECT_THAT((*store)->list(), IsEmpty());
  EXPECT_FALSE((*store)->default_image());
  EXPECT_THAT((*store)->look_up("").error().message, HasSubstr("no image is the default"));
  must_add("pios", "1", "one");
  EXPECT_TRUE((*store)->find("pios"));
  EXPECT_EQ((*store)->problem(), "");
}

TEST_F(ImageStoreTest, every_change_is_seen_at_once) {
  ImageStore store(folder_);
  for (int i = 1; i <= 30; ++i) {
    must_add("pios", concat(i), concat("number ", i));
    ASSERT_EQ(store.find("pios")->version, concat(i));
    ASSERT_TRUE(set_default_image(folder_, {"pios", concat(i)}));
    ASSERT_EQ(store.default_image()->version, concat(i));
    if (i > 1) {
      ASSERT_EQ(error_of_remove(concat("pios@", i - 1)), "");
    }
    ASSERT_EQ(store.list().size(), 1U);
  }
}

TEST_F(ImageStoreTest, the_default_follows_the_newest_or_stays) {
  must_add("pios", "1", "one");
  ImageStore store(folder_);
  EXPECT_FALSE(store.default_image()) << "nobody chose it";
  ASSERT_TRUE(set_default_image(folder_, {"pios", ""}));
  must_add("pios", "2", "two");
  EXPECT_EQ(store.default_image()->version, "2");
  ASSERT_TRUE(set_default_image(folder_, {"pios", "1"}));
  EXPECT_EQ(store.default_image()->version, "1");
  EXPECT_EQ(store.look_up("")->version, "1");
  ASSERT_TRUE(add("tiny", "1", "tiny", true));
  EXPECT_EQ(store.default_image()->name, "tiny");
  const auto wrong = set_default_image(folder_, {"pios", "3"});
  ASSERT_FALSE(wrong);
  EXPECT_THAT(wrong.error().message, HasSubstr("there is no image pios@3"));
}

TEST_F(ImageStoreTest, a_version_never_changes) {
  must_add("pios", "1", "one");
  const auto again = add("pios", "1", "one");
  ASSERT_TRUE(again);
  EXPECT_TRUE(again->was_there);
  EXPECT_EQ(stored(), std::vector<std::string>{"pios@1"});
  for (const char* other : {"two", "longer than that"}) {
    const auto added = add("pios", "1", other);
    ASSERT_FALSE(added);
    EXPECT_THAT(added.error().message, HasSubstr("a version never changes"));
  }
  EXPECT_THAT(names("/adding"), IsEmpty());
  EXPECT_EQ(names("/blobs/sha256").size(), 1U);
}

TEST_F(ImageStoreTest, the_same_contents_are_kept_once) {
  must_add("pios", "1", "same");
  must_add("other", "7", "same");
  EXPECT_EQ(names("/blobs/sha256").size(), 1U);
  EXPECT_EQ(error_of_remove("pios"), "");
  EXPECT_TRUE(ImageStore(folder_).find("other"));
  EXPECT_EQ(error_of_remove("other"), "");
  EXPECT_THAT(names("/blobs/sha256"), IsEmpty());
}

TEST_F(ImageStoreTest, what_is_needed_is_not_removed) {
  for (const char* version : {"1", "2", "3"}) must_add("pios", version, version);
  ASSERT_TRUE(set_default_image(folder_, {"pios", "1"}));
  EXPECT_THAT(error_of_remove("pios"), HasSubstr("has 3 versions: name one (pios@1), or --all-versions"));
  EXPECT_THAT(error_of_remove("pios@1"), HasSubstr("pios@1 is the default"));
  EXPECT_THAT(error_of_remove("pios", true), HasSubstr("pios@1 is the default"));
  EXPECT_THAT(error_of_remove("pios@4"), HasSubstr("there is no image pios@4"));
  ImageStore store(folder_);
  {
    const auto hold = store.hold(*store.find("pios@2"));
    const auto another = store.hold(*store.find("pios@2"));
    ASSERT_TRUE(hold && another);
    EXPECT_THAT(error_of_remove("pios@2"), HasSubstr("pios@2 is in use"));
    EXPECT_EQ(stored().size(), 3U);
  }
  EXPECT_EQ(error_of_remove("pios@2"), "");
  const auto image = store.find("pios@3");
  const auto hold = store.hold(*image);
  EXPECT_EQ(error_of_remove("pios@3", false, true), "");
  EXPECT_FALSE(store.hold(*image)) << "it is gone";
  const auto removed = remove_images(folder_, {{"pios", ""}, true, true});
  ASSERT_TRUE(removed);
  EXPECT_TRUE(removed->default_is_gone);
  EXPECT_EQ(removed->freed_bytes, archive_with("1").size());
  EXPECT_FALSE(store.default_image());
  EXPECT_THAT(names("/blobs/sha256"), IsEmpty());
}

TEST_F(ImageStoreTest, what_is_no_image_leaves_nothing_behind) {
  tree_.put("archive", archive_with("x").substr(0, 200));
  const AddRequest request{tree_.path("archive"), {"pios", "1"}, false, 0, {}};
  const auto cut = add_image(folder_, request, {});
  ASSERT_FALSE(cut);
  EXPECT_THAT(cut.error().message, HasSubstr(concat(tree_.path("archive"), ": the gzip data is cut")));
  for (const char* path : {"nothing", ""}) {
    AddRequest other = request;
    other.file = tree_.path(path);
    EXPECT_FALSE(add_image(folder_, other, {}));
  }
  ASSERT_EQ(::mkfifo(tree_.path("pipe").c_str(), 0600), 0);
  AddRequest pipe = request;
  pipe.file = tree_.path("pipe");
  EXPECT_THAT(add_image(folder_, pipe, {}).error().message, HasSubstr("not a file"));
  EXPECT_THAT(names("/adding"), IsEmpty());
  EXPECT_THAT(names("/blobs/sha256"), IsEmpty());
  EXPECT_THAT(stored(), IsEmpty());
}

TEST_F(ImageStoreTest, progress_goes_up_to_the_whole) {
  tree_.put("archive", archive_with(std::string(3 << 20, 'x') + test::read_file("/proc/self/exe").substr(0, 2 << 20)));
  std::uint64_t last = 0, whole = 0;
  const auto added = add_image(folder_, {tree_.path("archive"), {"pios", "1"}, false, 0, {}},
                               [&](std::uint64_t done, std::uint64_t total) {
                                 EXPECT_GE(done, last);
                                 last = done;
                                 whole = total;
                               });
  ASSERT_TRUE(added) << added.error().message;
  EXPECT_EQ(last, added->image.size_bytes);
  EXPECT_EQ(whole, added->image.size_bytes);
}

TEST_F(ImageStoreTest, a_blob_that_changed_is_found_and_mended) {
  const auto added = add("pios", "1", "one");
  ASSERT_TRUE(added);
  const std::string blob = blob_path(folder_, added->image.sha256);
  ImageStore store(folder_);
  ASSERT_EQ(::chmod(blob.c_str(), 0644), 0);
  std::string bytes = test::read_file(blob);
  bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] ^ 1);
  tree_.put("images/blobs/sha256/" + added->image.sha256, bytes);
  EXPECT_THAT(verify_image(folder_, added->image, {}).error().message, HasSubstr("the contents changed"));
  EXPECT_TRUE(store.find("pios")) << "only verify reads all of it";
  tree_.put("images/blobs/sha256/" + added->image.sha256, bytes.substr(1));
  EXPECT_THAT(verify_image(folder_, added->image, {}).error().message, HasSubstr("bytes in the place of"));
  EXPECT_FALSE(store.find("pios"));
  EXPECT_THAT(store.look_up("pios").error().message, HasSubstr("is not what was added"));
  std::filesystem::remove(blob);
  EXPECT_FALSE(store.find("pios"));
  EXPECT_FALSE(verify_image(folder_, added->image, {}));
  EXPECT_TRUE(add("pios", "1", "one")->was_there);
  EXPECT_TRUE(verify_image(folder_, added->image, {}));
  EXPECT_TRUE(store.find("pios"));
}

TEST_F(ImageStoreTest, a_broken_index_leaves_the_server_what_it_knew) {
  must_add("pios", "1", "one");
  ImageStore store(folder_);
  ASSERT_TRUE(store.find("pios"));
  const std::string good = test::read_file(tree_.path("images/index"));
  tree_.put("images/index", good.substr(0, good.size() - 3));
  EXPECT_TRUE(store.find("pios"));
  EXPECT_THAT(store.problem(), HasSubstr("the file was cut"));
  EXPECT_FALSE(ImageStore::open(folder_));
  EXPECT_THAT(ImageStore(folder_).look_up("pios").error().message, HasSubstr("the file was cut"));
  // And nothing changes a store whose index is not understood.
  EXPECT_FALSE(add("pios", "2", "two"));
  EXPECT_THAT(error_of_remove("pios"), HasSubstr("the file was cut"));
  EXPECT_EQ(names("/blobs/sha256").size(), 1U);
  tree_.put("images/index", good);
  EXPECT_TRUE(store.find("pios"));
  EXPECT_EQ(store.problem(), "");
}

TEST_F(ImageStoreTest, leftovers_go_and_what_lives_stays) {
  must_add("pios", "1", "one");
  tree_.put("images/adding/dead", "half of something");
  tree_.put("images/blobs/sha256/" + std::string(64, 'e'), "nobody's");
  tree_.put("images/blobs/sha256/README", "a person's");
  {
    const auto lock = StoreLock::take(folder_, std::chrono::seconds(1));
    ASSERT_TRUE(lock);
    const auto blocked = StoreLock::take(folder_, std::chrono::milliseconds(50));
    ASSERT_FALSE(blocked);
    EXPECT_THAT(blocked.error().message, HasSubstr("another command has been changing this store"));
  }
  const auto added = add("pios", "2", "two");
  ASSERT_TRUE(added);
  EXPECT_EQ(added->leftovers, 2U);
  EXPECT_THAT(names("/adding"), IsEmpty());
  EXPECT_EQ(names("/blobs/sha256").size(), 3U);
}

TEST_F(ImageStoreTest, threads_may_read_while_it_changes) {
  must_add("pios", "1", "one");
  const ImageStore store(folder_);
  std::atomic<bool> is_over = false;
  std::atomic<int> seen = 0;
  {
    std::vector<std::jthread> readers;
    for (int i = 0; i < 4; ++i) {
      readers.emplace_back([&] {
        while (!is_over) {
          if (store.find("pios@1")) ++seen;
          if (!store.problem().empty()) std::abort();
        }
      });
    }
    for (int i = 0; i < 20; ++i) must_add("tiny", concat(i), concat(i));
    is_over = true;
  }
  EXPECT_GT(seen, 0);
  EXPECT_EQ(store.list().size(), 21U);
}

}  // namespace
}  // namespace piman::manager
