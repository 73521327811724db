// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "common/clock.h"
#include "common/gzip.h"
#include "common/prom_parse.h"
#include "manager/fleet/node.h"
#include "manager/scrape/http_client.h"
#include "manager/scrape/page_facts.h"

/// Takes a node's page as it comes from the network. A plain page is parsed piece by piece; a compressed one is kept as
/// it is, for whoever asks for it, and parsed when it is whole: that costs a third of decompressing piece by piece.
namespace piman::manager {

struct PageLimits {
  std::size_t most_bytes = 0;  ///< of a page, both on the wire and decompressed
  std::size_t most_samples = 0;
};

/// What all intakes share: the memory that is only needed while a page is taken, and the account of it.
/// Thread-safety: none; the scraper's thread.
struct IntakeDesk {
  /// What pages under way may hold together. One that is small is always taken.
  static constexpr std::size_t kMostBytesTogether = 64UL * 1024 * 1024;
  static constexpr std::size_t kSmallBytes = 1024UL * 1024;

  /// What plain pages may hold after their scrape. Beyond this they are compressed, which costs as much as parsing
  /// them.
  static constexpr std::size_t kMostPlainBytes = 24UL * 1024 * 1024;

  PageLimits limits;
  std::size_t bytes_under_way = 0;
  /// Of plain pages that are kept. They are let go on any thread, and may outlive the desk.
  std::shared_ptr<std::atomic<std::size_t>> plain_bytes = std::make_shared<std::atomic<std::size_t>>(0);
  GzipDecompressor decompressor{};
  GzipCompressor compressor{};
};

class PageIntake final : public BodySink {
 public:
  /// `desk` must outlive the intake.
  explicit PageIntake(IntakeDesk& desk) : desk_(desk) {}
  ~PageIntake() override;
  PageIntake(const PageIntake&) = delete;
  PageIntake& operator=(const PageIntake&) = delete;

  bool begin(const BodyHead& head) override;
  bool take(std::string_view piece) override;

  /// After the last piece, also of a body that was cut: what became of it goes into `result`. REQUIRES: `answer` is the
  /// one whose body was taken.
  void finish(const HttpAnswer& answer, ScrapeResult& result);
  /// Facts that are not the result's own; after a good finish().
  const PageFacts& facts() const { return facts_; }
  /// When the first piece came.
  std::optional<WallTime> first_piece_at() const { return first_piece_at_; }

 private:
  bool parse(std::string_view piece);
  bool parse_compressed();
  bool stop(ScrapeError error, std::string text);
  void keep(ScrapeResult& result);

  IntakeDesk& desk_;
  bool wanted_ = false;  ///< the status was 200
  bool gzip_ = false;
  std::string body_;  ///< as it came
  std::string content_type_;
  prom_text::PageStream stream_{prom_text::Format::kText};
  PageFactsReader reader_;
  PageFacts facts_;
  ScrapeError error_ = ScrapeError::kNone;
  std::string error_text_;
  std::optional<WallTime> first_piece_at_;
};

}  // namespace piman::manager
