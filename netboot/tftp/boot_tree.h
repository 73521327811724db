// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/result.h"
#include "netboot/hosts.h"

/// The virtual tree of boot files that one node sees: its own overlay over its group's over its image, all below one
/// boot root. Which real paths a name may stand for is decided here; whether they exist is asked in boot_files. Pure.
///
///   ROOT/nodes/NAME/    ROOT/groups/GROUP/    ROOT/images/IMAGE/
namespace piman::netboot::tftp {

/// Whoever asks for files, as far as it is known. Found by its address alone: the folder that a Pi puts before its
/// names (its serial number, its MAC) says nothing that an address that was given to it does not say better.
struct BootClient {
  Host host = {};                            ///< of a stranger, only the address is set
  std::optional<std::uint32_t> serial = {};  ///< where DHCP or an inventory knows it
  std::string token = {};                    ///< what it may prove itself with later; for {{token}}
  /// Its firmware hangs when a block comes twice. True for a Pi's firmware and whenever the client is not known better.
  bool hangs_on_duplicates = true;
};

struct BootTreeSettings {
  std::string default_image = "default";  ///< of nodes that name no image, and of strangers
  std::string prefix;                     ///< left away at the front of names, as TFTP_PREFIX_STR puts it; may be empty
};

enum class NameFault {
  kEmpty,    ///< nothing, or a directory
  kTooLong,  ///< more than 255 bytes
  kTooDeep,  ///< more than 16 parts
  kControl,  ///< a control character
  kClimbs,   ///< ".."
};
std::string_view word(NameFault fault);

/// "a/b/c" out of "/a//./b\c": without empty parts and ".", with backslashes as some clients write them taken for
/// slashes.
tl::expected<std::string, NameFault> normalise(std::string_view requested);

/// A normalised name without the settings' prefix and without a first part that is a serial number (8 hexadecimal
/// digits) or a MAC address (six pairs and dashes), as the bootloaders' TFTP_PREFIX modes put before all names.
std::string_view without_prefix(std::string_view name, const BootTreeSettings& settings);
/// The serial number that a normalised name begins with.
std::optional<std::uint32_t> serial_in(std::string_view name);

enum class LayerKind { kNode, kGroup, kImage };
/// "node", "group", "image".
std::string_view word(LayerKind kind);

struct Layer {
  LayerKind kind{};
  std::string path;  ///< "nodes/pi7", relative to the root
};

/// From the top down. Names that are not one plain path part ("../x") have no layer.
std::vector<Layer> layers_of(const Host& host, const BootTreeSettings& settings);

/// What is at the end of the name of a file that is rendered for each node and served without this end.
inline constexpr std::string_view kTemplateEnd = ".in";

struct Candidate {
  LayerKind layer{};
  bool is_template = false;
  std::string path;  ///< relative to the root
};

/// The real files that may be behind a name, the first that exists counts. In one layer a template goes before a plain
/// file: it was put beside it to replace it. A name that ends like a template has none: templates are not served raw.
std::vector<Candidate> candidates(std::string_view name, const std::vector<Layer>& layers);

/// Files in whose text the word MASTER stands for the server's address.
bool speaks_of_master(std::string_view name);

}  // namespace piman::netboot::tftp
