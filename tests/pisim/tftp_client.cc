// SPDX-License-Identifier: Apache-2.0
#include "tests/pisim/tftp_client.h"

#include <algorithm>

#include "common/text.h"

namespace piman::pisim {
namespace {

constexpr std::uint16_t kServerPort = 69;
constexpr std::uint16_t kRrq = 1;
constexpr std::uint16_t kData = 3;
constexpr std::uint16_t kAckOpcode = 4;
constexpr std::uint16_t kError = 5;
constexpr std::uint16_t kOack = 6;
constexpr std::uint16_t kNotFound = 1;
constexpr std::uint16_t kUnknownTid = 5;
constexpr std::uint16_t kOldCopies = 256;

Bytes error_packet(std::uint16_t code, std::string_view text) {
  return ByteWriter().u16(kError).u16(code).text(text).u8(0).take();
}

}  // namespace

void TftpClient::send(Bytes payload, std::uint16_t to) { outgoing_.push_back({port_, to, std::move(payload)}); }

void TftpClient::send_request(Time now) {
  if (port_ == 0 || traits_.new_port_on_resend) port_ = next_port_++;
  // The ephemeral range begins where the firmware's does.
  if (next_port_ < 49152) next_port_ = 49152;
  ByteWriter out;
  out.u16(kRrq).text(name_).u8(0).text("octet").u8(0);
  if (traits_.tsize) out.text("tsize").u8(0).text("0").u8(0);
  if (traits_.blksize != 0) out.text("blksize").u8(0).text(concat(traits_.blksize)).u8(0);
  send(out.take(), kServerPort);
  if (++tries_ > 1) findings_.add(Finding::kRequestRepeated);
  resend_at_ = tries_ < traits_.request_tries ? now + traits_.request_resend : kNever;
}

void TftpClient::start(Time now) {
  started_ = heard_ = now;
  send_request(now);
}

void TftpClient::wake(Time now) {
  if (status_ != Status::kWorking) return;
  if (now >= deadline()) {
    status_ = Status::kTimeout;
  } else if (now >= resend_at_) {
    send_request(now);
  }
}

Time TftpClient::deadline() const {
  Time deadline = kNever;
  if (traits_.file_timeout > Time(0)) deadline = started_ + traits_.file_timeout;
  if (traits_.silence_timeout > Time(0)) deadline = std::min(deadline, heard_ + traits_.silence_timeout);
  return deadline;
}

Time TftpClient::wake_at() const {
  if (status_ != Status::kWorking) return kNever;
  return std::min(deadline(), resend_at_);
}

void TftpClient::acknowledge(std::uint64_t block) {
  send(ByteWriter().u16(kAckOpcode).u16(static_cast<std::uint16_t>(block & 0xFFFFU)).take(), *server_port_);
}

void TftpClient::early_terminate() {
  if (traits_.early_terminates) send(error_packet(0, "Early terminate"), *server_port_);
  status_ = Status::kPresent;
}

void TftpClient::receive(ByteView payload, std::uint16_t source_port, Time now) {
  ByteReader in(payload);
  const std::uint16_t opcode = in.u16();
  const std::uint16_t number = opcode == kOack ? std::uint16_t{0} : in.u16();
  if (!in.ok() || (opcode != kData && opcode != kError && opcode != kOack)) {
    return findings_.add(Finding::kTftpMalformed);
  }
  if (server_port_ && source_port != *server_port_) {
    // RFC 1350 section 4: whoever else answers is told so, and the transfer goes on.
    findings_.add(Finding::kForeignTid);
    if (opcode != kError) send(error_packet(kUnknownTid, "Unknown transfer ID"), source_port);
    return;
  }
  if (status_ != Status::kWorking) {
    findings_.add(Finding::kLatePacket);
    return;
  }
  server_port_ = source_port;
  resend_at_ = kNever;
  heard_ = now;
  if (opcode == kError) {
    if (number != kNotFound) findings_.add(Finding::kErrorNotOne);
    status_ = Status::kMissing;
  } else if (opcode == kOack) {
    on_oack(in.rest());
  } else {
    on_data(number, in.rest());
  }
}

bool TftpClient::take_option(std::string_view name, std::string_view value) {
  const auto number = parse_u64(value);
  if (!number) return false;
  if (equals_ignoring_case(name, "tsize") && traits_.tsize && !tsize_) {
    tsize_ = *number;
    return true;
  }
  if (equals_ignoring_case(name, "blksize") && traits_.blksize != 0) {
    if (*number < 8) return false;
    if (*number > traits_.blksize) findings_.add(Finding::kBlksizeTooLarge);
    blksize_ = std::min<std::size_t>(*number, traits_.blksize);
    return true;
  }
  return false;
}

void TftpClient::on_oack(ByteView options) {
  if (oack_seen_ || blocks_ > 0) {
    findings_.add(Finding::kDuplicateOack);
    if (blocks_ == 0) acknowledge(0);
    return;
  }
  oack_seen_ = true;
  std::string_view rest = as_text(options);
  if (rest.empty() || rest.back() != '\0') findings_.add(Finding::kTftpMalformed);
  while (!rest.empty()) {
    const std::string_view name = next_until(rest, '\0');
    const std::string_view value = next_until(rest, '\0');
    if (!take_option(name, value)) findings_.add(Finding::kOptionNotAsked);
  }
  if (probe_) return early_terminate();
  acknowledge(0);
}

void TftpClient::on_data(std::uint16_t block, ByteView data) {
  if (probe_) return early_terminate();
  // How far behind what was taken last: 0 is its copy, a little more a copy that was long on its way.
  const auto behind = static_cast<std::uint16_t>((blocks_ - block) & 0xFFFFU);
  if (behind < kOldCopies && behind <= blocks_ && blocks_ > 0) {
    findings_.add(Finding::kDuplicateData);
    if (traits_.hangs_on_duplicate) {
      acknowledge(blocks_ + 1);
      status_ = Status::kHung;
    } else if (behind == 0) {
      acknowledge(blocks_);
    }
    return;
  }
  if (block != ((blocks_ + 1) & 0xFFFFU)) return findings_.add(Finding::kBeyondWindow);
  if (data.size() > blksize_) return findings_.add(Finding::kBlockTooLong);
  if (!traits_.wraps && blocks_ == 0xFFFF) {
    status_ = Status::kHung;
    return;
  }
  ++blocks_;
  received_bytes_ += data.size();
  sink_.take(data);
  acknowledge(blocks_);
  if (data.size() < blksize_) {
    if (tsize_ && *tsize_ != received_bytes_) findings_.add(Finding::kTsizeWrong);
    status_ = Status::kComplete;
  }
}

}  // namespace piman::pisim
