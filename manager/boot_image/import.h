// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/result.h"
#include "netboot/boot/model_files.h"

/// Brings boot files (a copy of a Pi's /boot/firmware) under the boot root as an image that nodes can be given.
namespace piman::manager {

struct ImportSettings {
  std::string from;            ///< the folder with the files
  std::string boot_root;       ///< the image becomes boot_root/images/NAME
  std::string name;            ///< letters, digits, dot, dash, underscore
  bool replace = false;        ///< an image of that name goes away; nodes in the middle of a file still get its end
  bool with_templates = true;  ///< piman's config.txt.in and so on are put beside the files, and win
};

struct Imported {
  std::string path;
  std::size_t files = 0;
  std::uint64_t bytes = 0;
  std::vector<netboot::ModelFiles> models;
  std::vector<std::string> notes;  ///< what is not as it could be, one line each
};

/// Copies into a new folder and puts it in place in one step, so that no node ever sees half an image.
/// Errors: a bad name, an image that is there already, no model that could boot from it, anything unreadable.
Result<Imported> import_boot_files(const ImportSettings& settings);

}  // namespace piman::manager
