// SPDX-License-Identifier: Apache-2.0
#include "node-agent/collectors/filefd.h"

#include "tests/node-agent/collectors/truncation.h"

namespace piman::agent {
namespace {

using test::TempTree;

TEST(Filefd, AllocatedAndMaximum) {
  TempTree tree({{"proc/sys/fs/file-nr", "1024\t0\t1631329\n"}});
  EXPECT_EQ(CollectorHarness("filefd", tree.path()).page(),
            "node_filefd_allocated 1024\nnode_filefd_maximum 1.631329e+06\n");
  tree.put("proc/sys/fs/file-nr", "1024\t0\t9223372036854775807\n");
  EXPECT_EQ(CollectorHarness("filefd", tree.path()).page(),
            "node_filefd_allocated 1024\nnode_filefd_maximum 9.223372036854776e+18\n");
}

TEST(Filefd, MissingOrStrangeIsAnError) {
  TempTree tree({{"proc/sys/fs/file-nr", "1024\t0\n"}});
  EXPECT_THAT(CollectorHarness("filefd", tree.path()).page(), testing::HasSubstr("file-nr: not understood: \"1024"));
  tree.remove("proc/sys/fs/file-nr");
  EXPECT_THAT(CollectorHarness("filefd", tree.path()).page(), testing::HasSubstr("file-nr: No such file"));
}

TEST(Filefd, SurvivesTruncation) { expect_survives_truncation("filefd", "proc/sys/fs/file-nr", "1024\t0\t1631329\n"); }

}  // namespace
}  // namespace piman::agent
