// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "common/http_types.h"
#include "common/result.h"

/// The secret that orders need: a file that only who may give orders can read.
namespace piman::manager::api {

/// What stands in the file, without its line end. Errors: it can't be read, is empty, or others may read it.
Result<std::string> read_token(const std::string& path);
/// Makes the file with a random token where there is none, for its owner only, and reads it.
Result<std::string> read_or_make_token(const std::string& path);

/// 256 random bits as hexadecimal digits.
std::string random_word();
/// Takes as long wherever the first difference is: how long it took must not tell how much of a secret was right.
bool is_same_secret(std::string_view given, std::string_view secret);

/// Whether the request carries `Authorization: Bearer TOKEN` with this token. Takes the same time for every wrong one.
bool has_token(const http::Request& request, std::string_view token);

}  // namespace piman::manager::api
