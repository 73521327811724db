// SPDX-License-Identifier: Apache-2.0
#include "common/http/message_length.h"

#include <gtest/gtest.h>

namespace piman::http {
namespace {

TEST(MessageLength, OneLengthOrNone) {
  EXPECT_TRUE(has_plain_length({}));
  EXPECT_TRUE(has_plain_length({{"Host", "h"}, {"X-Any_thing!", "a b"}}));
  EXPECT_TRUE(has_plain_length({{"content-length", "0"}}));
  EXPECT_TRUE(has_plain_length({{"Transfer-Encoding", "Chunked"}}));
}

TEST(MessageLength, WhatParsersReadDifferently) {
  EXPECT_FALSE(has_plain_length({{"Content-Length", "5"}, {"Transfer-Encoding", "chunked"}}));
  EXPECT_FALSE(has_plain_length({{"Content-Length", "5"}, {"content-length", "5"}}));
  EXPECT_FALSE(has_plain_length({{"Transfer-Encoding", "chunked"}, {"Transfer-Encoding", "chunked"}}));
  for (const char* length : {"", "+5", "-5", "5,5", "5 5", "0x5", "5a", "\t5"}) {
    EXPECT_FALSE(has_plain_length({{"Content-Length", length}})) << length;
  }
  for (const char* coding : {"", "gzip", "xchunked", "chunked, identity", "identity", "chunked\v"}) {
    EXPECT_FALSE(has_plain_length({{"Transfer-Encoding", coding}})) << coding;
  }
  for (const char* name : {"", " Transfer-Encoding", "Content-Length ", "X Y", "X:", "\xc3\xa4"}) {
    EXPECT_FALSE(has_plain_length({{name, "x"}})) << name;
  }
}

}  // namespace
}  // namespace piman::http
