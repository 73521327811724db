// SPDX-License-Identifier: Apache-2.0
#include "manager/store/order_records.h"

#include <array>

#include "common/text.h"

namespace piman::manager {

std::string_view to_string(OrderAction action) {
  constexpr std::array<std::string_view, kOrderActionCount> kWords = {"reinstall", "restart", "power_on",
                                                                      "power_off", "first",   "auto_format"};
  return kWords[static_cast<std::size_t>(action)];
}

bool is_install(OrderAction action) {
  return action == OrderAction::kReinstall || action == OrderAction::kFirst || action == OrderAction::kAutoFormat;
}

std::string_view to_string(OrderState state) {
  constexpr std::array<std::string_view, kOrderStateCount> kWords = {"waiting", "open",   "installing", "checking",
                                                                     "done",    "failed", "expired",    "withdrawn"};
  return kWords[static_cast<std::size_t>(state)];
}

bool is_over(OrderState state) { return state >= OrderState::kDone; }

std::string_view to_string(RolloutState state) {
  constexpr std::array<std::string_view, 4> kWords = {"running", "done", "stopped", "withdrawn"};
  return kWords[static_cast<std::size_t>(state)];
}

std::string to_words(const OrderImage& image) {
  return image.version.empty() ? image.name : concat(image.name, '@', image.version);
}

}  // namespace piman::manager
