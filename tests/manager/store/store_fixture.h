// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include <future>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "common/log.h"
#include "manager/store/store.h"
#include "tests/support/temp_tree.h"

/// A store in a folder of its own, for tests.
namespace piman::manager::test {

/// Nothing is opened before open(): settings can be changed, and files laid into the folder.
class StoreFixture : public ::testing::Test {
 protected:
  StoreFixture() { settings.folder = tree.path("state"); }

  std::unique_ptr<Store> open() {
    auto store = Store::open(settings, log);
    if (!store) ADD_FAILURE() << store.error().message;
    return store ? std::move(*store) : nullptr;
  }
  /// The words of an open() that must fail.
  std::string refusal() {
    const auto store = Store::open(settings, log);
    return store ? "it opened" : store.error().message;
  }
  /// Both return when it is on the disk.
  static Result<void> commit(Store& store, std::vector<netboot::dhcp::LeaseChange> changes) {
    std::promise<Result<void>> done;
    store.commit(std::move(changes), [&done](Result<void> outcome) { done.set_value(std::move(outcome)); });
    return done.get_future().get();
  }
  static Result<void> put_orders(Store& store, OrderChanges changes) {
    std::promise<Result<void>> done;
    store.put_orders(std::move(changes), [&done](Result<void> outcome) { done.set_value(std::move(outcome)); });
    return done.get_future().get();
  }

  piman::test::TempTree tree;
  StoreSettings settings;
  std::string logged;  ///< warnings and errors
  Logger log{LogLevel::kWarn, LogFormat::kLogfmt, [this](std::string_view line) { logged += line; }};
};

}  // namespace piman::manager::test
