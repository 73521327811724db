// SPDX-License-Identifier: Apache-2.0
#include "manager/scrape/page_intake.h"

#include <algorithm>
#include <utility>

#include "common/text.h"

namespace piman::manager {
namespace {

using Outcome = GzipDecompressor::Outcome;

bool is_identity(std::string_view encoding) { return encoding.empty() || equals_ignoring_case(encoding, "identity"); }
bool is_gzip(std::string_view encoding) {
  return equals_ignoring_case(encoding, "gzip") || equals_ignoring_case(encoding, "x-gzip");
}

}  // namespace

PageIntake::~PageIntake() { desk_.bytes_under_way -= body_.size(); }

bool PageIntake::stop(ScrapeError error, std::string text) {
  error_ = error;
  error_text_ = std::move(text);
  return false;
}

bool PageIntake::begin(const BodyHead& head) {
  wanted_ = head.status == 200;
  if (!wanted_) return true;  // its words are nobody's page
  gzip_ = is_gzip(head.content_encoding);
  if (!gzip_ && !is_identity(head.content_encoding)) {
    return stop(ScrapeError::kMalformed, concat("content encoding ", quote(head.content_encoding), ", asked was gzip"));
  }
  content_type_ = head.content_type;
  stream_ = prom_text::PageStream(prom_text::format_of_content_type(content_type_));
  first_piece_at_ = std::chrono::system_clock::now();
  return true;
}

bool PageIntake::take(std::string_view piece) {
  if (!wanted_) return true;
  const std::size_t grown = body_.size() + piece.size();
  if (grown > desk_.limits.most_bytes) {
    return stop(ScrapeError::kTooLarge, concat("more than ", desk_.limits.most_bytes, " bytes"));
  }
  if (grown > IntakeDesk::kSmallBytes && desk_.bytes_under_way + piece.size() > IntakeDesk::kMostBytesTogether) {
    return stop(ScrapeError::kTooLarge,
                concat("more than ", IntakeDesk::kSmallBytes, " bytes, while all pages under way have more than ",
                       IntakeDesk::kMostBytesTogether));
  }
  desk_.bytes_under_way += piece.size();
  body_.append(piece);
  return gzip_ || parse(piece);
}

bool PageIntake::parse(std::string_view piece) {
  stream_.feed(piece);
  prom_text::Sample sample;
  while (stream_.next(sample)) {
    if (reader_.samples() >= desk_.limits.most_samples) {
      return stop(ScrapeError::kTooLarge, concat("more than ", desk_.limits.most_samples, " samples"));
    }
    reader_.take(sample);
  }
  return stream_.problem() ? stop(ScrapeError::kMalformed, stream_.problem()->to_string()) : true;
}

bool PageIntake::parse_compressed() {
  switch (desk_.decompressor.decompress(body_, desk_.limits.most_bytes)) {
    case Outcome::kGood:
      return parse(desk_.decompressor.text());
    case Outcome::kTooLarge:
      return stop(ScrapeError::kTooLarge, concat("more than ", desk_.limits.most_bytes, " bytes when decompressed"));
    case Outcome::kBroken:
      break;
  }
  return stop(ScrapeError::kMalformed, concat("gzip of ", body_.size(), " bytes that can't be decompressed"));
}

void PageIntake::keep(ScrapeResult& result) {
  result.page_content_type = content_type_;
  result.page_is_gzip = gzip_;
  auto& plain_bytes = desk_.plain_bytes;
  if (!gzip_ && plain_bytes->load(std::memory_order_relaxed) + body_.size() > IntakeDesk::kMostPlainBytes) {
    std::string packed;
    desk_.compressor.compress(body_, packed);
    packed.shrink_to_fit();
    result.page_is_gzip = true;
    result.page = std::make_shared<const std::string>(std::move(packed));
  } else if (gzip_) {
    result.page = std::make_shared<const std::string>(body_);  // a copy has no slack from growing
  } else {
    plain_bytes->fetch_add(body_.size(), std::memory_order_relaxed);
    result.page = std::shared_ptr<const std::string>(new std::string(body_), [plain_bytes](const std::string* page) {
      plain_bytes->fetch_sub(page->size(), std::memory_order_relaxed);
      delete page;
    });
  }
}

void PageIntake::finish(const HttpAnswer& answer, ScrapeResult& result) {
  result.body_bytes += body_.size();
  if (error_ == ScrapeError::kNone && answer.error != ScrapeError::kNone) stop(answer.error, answer.error_text);
  if (error_ == ScrapeError::kNone && answer.status != 200) {
    stop(ScrapeError::kHttpStatus, concat("answered with status ", answer.status));
  }
  if (error_ == ScrapeError::kNone && (!gzip_ || parse_compressed())) {
    stream_.end();
    if (stream_.problem()) stop(ScrapeError::kMalformed, stream_.problem()->to_string());
  }
  result.samples = reader_.samples();
  result.error = error_;
  if (error_ != ScrapeError::kNone) {
    result.error_text = concat("/metrics: ", error_text_);
    return;
  }
  facts_ = reader_.result();
  result.temperature_celsius = facts_.temperature_celsius;
  result.boot_time_seconds = facts_.boot_time_seconds;
  result.model = std::move(facts_.model);
  result.health = std::move(facts_.health);
  keep(result);
}

}  // namespace piman::manager
