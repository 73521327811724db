// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <utility>

#include "common/result.h"

/// Where a transfer's bytes come from: the seam between the protocol and files.
namespace piman::netboot::tftp {

class BlockSource {
 public:
  virtual ~BlockSource() = default;
  /// Never changes in a source's life: what tsize says is what is sent.
  virtual std::uint64_t size_bytes() const = 0;
  /// Fills `out` with the bytes from `offset` on. All of `out` lies within the size.
  /// Errors: the bytes are not there any more, or not those that they were when the source was made.
  virtual Result<void> read(std::uint64_t offset, std::span<std::uint8_t> out) = 0;
};

/// A text in memory, shared with whoever made it.
class TextSource final : public BlockSource {
 public:
  explicit TextSource(std::shared_ptr<const std::string> text) : text_(std::move(text)) {}
  std::uint64_t size_bytes() const override { return text_->size(); }
  Result<void> read(std::uint64_t offset, std::span<std::uint8_t> out) override;

 private:
  std::shared_ptr<const std::string> text_;
};

}  // namespace piman::netboot::tftp
