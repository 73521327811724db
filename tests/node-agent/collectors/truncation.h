// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "common/prom_text.h"
#include "tests/node-agent/collector_harness.h"
#include "tests/support/temp_tree.h"

namespace piman::agent {

/// Cuts `path` after every byte of `content`: whatever the collector makes of it, its lines must stay well formed.
inline void expect_survives_truncation(std::string_view collector, const std::string& path, std::string_view content) {
  const test::TempTree tree;
  for (std::size_t length = 0; length <= content.size(); ++length) {
    tree.put(path, content.substr(0, length));
    CollectorHarness harness(collector, tree.path());
    const std::string page = harness.text();
    EXPECT_TRUE(page.empty() || page.back() == '\n') << collector << " cut at " << length << ": " << page;
  }
}

}  // namespace piman::agent
