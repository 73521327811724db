// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "netboot/install/orders.h"

/// An install as it goes on, folded from what its node says; and how long each of its stages took. Pure.
namespace piman::manager {

/// The stages that installers go through, for metrics: a client's own word must not become a label. The text is the
/// metric label.
enum class InstallStage : std::uint8_t {
  kStart,     ///< the order is given, nothing is reported yet
  kFormat,    ///< the card is divided and formatted
  kDownload,  ///< the image is fetched and unpacked
  kVerify,    ///< its checksum is compared
  kWrite,     ///< what was fetched is brought to the disk
  kOther,     ///< a word that no installer of ours says
};
inline constexpr std::size_t kInstallStageCount = 6;
std::string_view to_string(InstallStage stage);
/// From the word of a client or of the install service; empty is kStart.
InstallStage install_stage(std::string_view word);

struct InstallProgress {
  std::uint64_t install = 0;  ///< 0: none runs
  std::string stage;          ///< "hello", "held", "queued", or a stage of the install
  std::string why;            ///< of "held"
  unsigned percent = 0;
  std::uint64_t bytes = 0;
  std::int64_t since_ms = 0;  ///< when this stage began
  std::int64_t at_ms = 0;     ///< of the last report
  double bytes_per_second = 0;
  std::string disk;  ///< "/dev/mmcblk0, 31.9 GB, SD32G"; empty: not said
};

/// A stage of an install that is over, well or not.
struct EndedStage {
  InstallStage stage = InstallStage::kStart;
  double seconds = 0;

  bool operator==(const EndedStage&) const = default;
};

/// Takes the event into `progress`. Returns the stage that ended with it, if one did.
std::optional<EndedStage> follow(InstallProgress& progress, const netboot::install::InstallEvent& event,
                                 std::int64_t now_ms);

}  // namespace piman::manager
