// SPDX-License-Identifier: Apache-2.0
#include "netboot/install/protocol.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <optional>

#include "common/text.h"

namespace piman::netboot::install {
namespace {

constexpr std::string_view kEnd = "\nEOM\n";
constexpr std::size_t kMostWordBytes = 32;
constexpr std::size_t kMostTextBytes = 200;

/// What either dialect of the seed says on its way, and our own initramfs.
constexpr std::array<std::string_view, 17> kSteps = {"RECEIVED DATE",     "SET DATE",        "MOUNTING",
                                                     "FINISHED MOUNTING", "UNMOUNTING",      "FINISHED UNMOUNTING",
                                                     "RECEIVED BOOT",     "RECEIVED FORMAT", "RECEIVED REINSTALL",
                                                     "RECEIVED INSTALL",  "FORMATTING",      "FINISHED FORMATTING",
                                                     "MAKING NODES",      "MADE NODES",      "CHECKING IF INSTALLED",
                                                     "HELLO WORLD",       "RECEIVED WAIT"};

std::string printable(std::string_view text) {
  std::string out(text.substr(0, kMostTextBytes));
  std::replace_if(
      out.begin(), out.end(), [](char c) { return c < ' ' || c > '~'; }, '?');
  return out;
}

/// A value goes into a message of its own line: no line end, and never a line that ends the message.
std::string field(std::string_view value) { return printable(value); }

bool is_stage(std::string_view word) {
  return !word.empty() && word.size() <= kMostWordBytes && std::all_of(word.begin(), word.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
  });
}

Message of(Said said) {
  Message message;
  message.said = said;
  return message;
}

Message parse_capabilities(std::string_view rest) {
  const auto version = parse_number<unsigned>(next_field(rest));
  if (!version || *version == 0) return {};
  Message message = of(Said::kCapabilities);
  message.capabilities.version = *version;
  for (std::string_view word = next_field(rest); !word.empty(); word = next_field(rest)) {
    if (word == "http") message.capabilities.http = true;
    if (word == "sha256") message.capabilities.sha256 = true;
    if (word == "xz") message.capabilities.xz = true;
    if (word == "zst") message.capabilities.zstd = true;
  }
  return message;
}

Message parse_disk(std::string_view rest) {
  Message message = of(Said::kDisk);
  std::optional<std::uint64_t> size;
  for (std::string_view pair = next_field(rest); !pair.empty(); pair = next_field(rest)) {
    const std::string_view key = next_until(pair, '=');
    if (key == "path") message.disk.path = printable(pair);
    if (key == "size_bytes") size = parse_u64(pair);
    if (key == "model") message.disk.model = printable(pair);
    if (key == "serial") message.disk.serial = printable(pair);
  }
  if (!size || message.disk.path.empty()) return {};
  message.disk.size_bytes = *size;
  return message;
}

Message parse_progress(std::string_view rest) {
  const std::string_view stage = next_field(rest);
  const auto percent = parse_number<unsigned>(next_field(rest));
  const auto bytes = parse_u64(next_field(rest));
  if (!is_stage(stage) || !percent || *percent > 100 || !bytes || !trim(rest).empty()) return {};
  Message message = of(Said::kProgress);
  message.word = stage;
  message.percent = *percent;
  message.bytes = *bytes;
  return message;
}

Message parse_failed(std::string_view rest) {
  const std::string_view stage = next_field(rest);
  if (!is_stage(stage)) return {};
  Message message = of(Said::kFailed);
  message.word = stage;
  message.text = printable(trim(rest));
  return message;
}

/// A word of the seed's, in one spelling.
std::string normalised(std::string_view line) {
  std::string out(line);
  std::replace(out.begin(), out.end(), '_', ' ');
  if (out.starts_with("RECIEVED ")) out.replace(0, 8, "RECEIVED");
  return out;
}

}  // namespace

bool is_sha256(std::string_view text) {
  return text.size() == 64 &&
         std::all_of(text.begin(), text.end(), [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

Message parse_line(std::string_view line) {
  line = trim(line);
  std::string_view rest = line;
  const std::string_view first = next_field(rest);
  if (first == "CAPABILITIES") return parse_capabilities(rest);
  if (first == "DISK") return parse_disk(rest);
  if (first == "PROGRESS") return parse_progress(rest);
  if (first == "FAILED") return parse_failed(rest);
  if (first == "VERIFIED") {
    Message message = of(Said::kVerified);
    message.text = trim(rest);
    return is_sha256(message.text) ? message : Message{};
  }
  const std::string word = normalised(line);
  if (word == "IS INSTALLED") return of(Said::kInstalled);
  if (word == "IS UNINSTALLED") return of(Said::kUninstalled);
  if (word == "IS FORMATTED") return of(Said::kFormatted);
  const std::string_view as_step = word == "Hello World" ? std::string_view("HELLO WORLD") : word;
  if (std::find(kSteps.begin(), kSteps.end(), as_step) == kSteps.end()) return {};
  Message message = of(Said::kStep);
  message.word = as_step;
  return message;
}

std::vector<std::string> LineReader::feed(std::string_view bytes, SteadyTime now) {
  total_bytes_ += bytes.size();
  std::vector<std::string> lines;
  double ended = 0;
  while (!bytes.empty()) {
    const std::size_t end = bytes.find('\n');
    const std::string_view part = bytes.substr(0, end);
    if (unfinished_.size() + part.size() > limits_.line_bytes) {
      skips_ = true;
      unfinished_.clear();
    }
    if (!skips_) unfinished_.append(part);
    if (end == std::string_view::npos) break;
    bytes.remove_prefix(end + 1);
    ++ended;
    if (!skips_) lines.push_back(std::move(unfinished_));
    unfinished_.clear();
    skips_ = false;
  }
  lines_left_ = std::min(limits_.lines_at_once, lines_left_ + to_seconds(now - counted_at_) * limits_.lines_per_second);
  lines_left_ -= ended;
  counted_at_ = read_again_at_ = now;
  if (lines_left_ < 0) {
    read_again_at_ += std::chrono::duration_cast<SteadyTime::duration>(
        std::chrono::duration<double>(-lines_left_ / limits_.lines_per_second));
  }
  return lines;
}

std::string encode_date(const std::tm& local) {
  char text[80];
  const int length = std::snprintf(text, sizeof text, "busybox date -s %04d%02d%02d%02d%02d.%02d", local.tm_year + 1900,
                                   local.tm_mon + 1, local.tm_mday, local.tm_hour, local.tm_min,
                                   std::min(local.tm_sec, 59));  // busybox knows no leap second
  return concat(std::string_view(text, static_cast<std::size_t>(length)), kEnd);
}

std::string encode_boot() { return concat("boot", kEnd); }
std::string encode_format() { return concat("format", kEnd); }
std::string encode_wait(std::string_view why) { return concat("wait ", field(why), kEnd); }

std::string encode_install(const Offer& offer) {
  return concat("install\nid ", offer.id, "\nname ", field(offer.image), "\nversion ", field(offer.version),
                "\nformat ", field(offer.format), "\nsize_bytes ", offer.size_bytes, "\nsha256 ", field(offer.sha256),
                "\nurl ", field(offer.url),
                offer.certificate_url.empty() ? "" : concat("\ncertificate_url ", field(offer.certificate_url)), kEnd);
}

}  // namespace piman::netboot::install
