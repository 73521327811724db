// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <ctime>
#include <string>
#include <string_view>
#include <vector>

#include "common/clock.h"

/// The hello protocol: what an initramfs and the manager say to each other on TCP port 3333. Pure.
/// Source: docs/install_protocol.md. A client's lines share the socket with its shell's trace and echoes of what it was
/// told, so whatever is not wholly a message is noise, and noise is never an error.
namespace piman::netboot::install {

enum class Said {
  kNoise,  ///< none of ours
  kStep,   ///< of the protocol, but nothing depends on it: MOUNTING, RECEIVED BOOT, ...
  kInstalled,
  kUninstalled,
  kFormatted,
  // Only our own initramfs says these.
  kCapabilities,
  kDisk,
  kProgress,
  kVerified,
  kFailed,
};

/// What a client can do beyond the seed's protocol. A client that never says is a seed's: gzip from port 4444.
struct Capabilities {
  unsigned version = 0;  ///< 0: never said
  bool http = false;     ///< fetches the image by HTTP, with ranges
  bool sha256 = false;   ///< checks it, and says VERIFIED
  bool xz = false, zstd = false;
  bool operator==(const Capabilities&) const = default;
};

struct Disk {
  std::string path;
  std::uint64_t size_bytes = 0;
  std::string model, serial;  ///< empty: not said
  bool operator==(const Disk&) const = default;
};

/// One line, taken apart. Only the members that belong to `said` are set.
struct Message {
  Said said = Said::kNoise;
  std::string word;  ///< kStep: what was said, with blanks; kProgress and kFailed: the stage
  Capabilities capabilities;
  Disk disk;
  unsigned percent = 0;  ///< at most 100
  std::uint64_t bytes = 0;
  std::string text;  ///< kFailed: the reason, printable; kVerified: the SHA-256 in lower case
};

/// `line` without its line end. '_' and ' ' are alike in the seed's words, and RECIEVED is RECEIVED.
Message parse_line(std::string_view line);

/// 64 lower-case hexadecimal digits.
bool is_sha256(std::string_view text);

struct LineLimits {
  std::size_t line_bytes = 512;         ///< a longer line is noise
  std::uint64_t total_bytes = 8 << 20;  ///< of one connection; tar names every file that it can't write
  /// Beyond these the client is read more slowly, which holds up its shell and loses nothing.
  double lines_per_second = 200;
  double lines_at_once = 2000;
};

/// Cuts a stream into lines. Thread-safety: none.
class LineReader {
 public:
  explicit LineReader(LineLimits limits = {}) : limits_(limits), lines_left_(limits.lines_at_once) {}

  /// The whole lines in what came so far, without their ends; those longer than the limit are left away.
  std::vector<std::string> feed(std::string_view bytes, SteadyTime now);
  /// Do not read from the connection before then.
  SteadyTime read_again_at() const { return read_again_at_; }
  /// More came than one session can need: end it.
  bool is_over_limit() const { return total_bytes_ > limits_.total_bytes; }

 private:
  LineLimits limits_;
  std::string unfinished_;
  bool skips_ = false;
  std::uint64_t total_bytes_ = 0;
  double lines_left_;
  SteadyTime counted_at_, read_again_at_;
};

/// The first message, on accept: `busybox date -s YYYYmmddHHMM.SS`. Time in the manager's zone, as the seed's.
std::string encode_date(const std::tm& local);
std::string encode_boot();
/// Format, and take the image from port 4444.
std::string encode_format();
/// Nothing to do yet. `why` is one word. Only to a client that said CAPABILITIES.
std::string encode_wait(std::string_view why);

struct Offer {
  std::uint64_t id = 0;
  std::string image, version, format;  ///< printable, without blanks at their ends
  std::uint64_t size_bytes = 0;
  std::string sha256, url;
  std::string certificate_url = {};  ///< where it may ask for its agent's certificate; empty: nowhere
};
/// Format, and take the image from a URL. Only to a client that can.
std::string encode_install(const Offer& offer);

}  // namespace piman::netboot::install
