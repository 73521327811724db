// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "common/http_types.h"

namespace piman::manager::api {

/// The fleet page and its files. They are constant: each has an ETag, and all but the page itself, whose URLs carry the
/// name of the bundle, may be kept by browsers for ever.
void add_page_routes(http::Router& router);

}  // namespace piman::manager::api
