// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>

#include "common/flags.h"
#include "common/result.h"
#include "manager/api_command.h"
#include "manager/images/changes.h"

/// What the words of `piman image` share.
namespace piman::manager {

Flag images_flag();
Flag image_json_flag();

/// A command that works on a store: what was typed and where the store is, or how the command is over already.
struct StoreCall {
  ApiCall call;
  std::string folder;
};
StoreCall begin_store_call(const ApiCommand& command, std::span<const char* const> arguments);

/// --name and --version as one. Errors: one is missing, or is none.
Result<ImageRef> named_version(const ParsedFlags& parsed, std::span<const Flag> flags);

/// Adds, shows how far it is, and says what came of it. Returns the exit status.
int add_and_tell(const ApiCommand& command, const StoreCall& begun, const AddRequest& request);

}  // namespace piman::manager
