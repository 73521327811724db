// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tests/pisim/bytes.h"
#include "tests/pisim/finding.h"

/// One file asked for by TFTP (RFC 1350, 2347-2349) as a boot stage does it. Pure: time goes in, datagrams come out.
namespace piman::pisim {

struct TftpTraits {
  bool tsize = false;
  std::uint16_t blksize = 0;  ///< 0: not asked for, so 512
  Time request_resend{};      ///< a request without any answer is sent again after this
  int request_tries = 5;
  bool new_port_on_resend = false;
  Time file_timeout{};              ///< for the whole file; 0: none
  Time silence_timeout{};           ///< without a packet; 0: none
  bool hangs_on_duplicate = false;  ///< start4.elf of 2020: a second copy of a block makes it acknowledge the next one
  bool wraps = true;                ///< whether blocks above 65535 are understood
  bool early_terminates = true;     ///< probes end with ERROR 0 after the first answer
};

/// Gets the file's bytes in order.
class FileSink {
 public:
  virtual ~FileSink() = default;
  virtual void take(ByteView block) = 0;
};

class TftpClient {
 public:
  enum class Status : std::uint8_t {
    kWorking,
    kComplete,
    kPresent,  ///< a probe found it
    kMissing,  ///< an ERROR packet
    kTimeout,
    kHung,  ///< by a bug of the firmware: nothing will ever happen again
  };
  struct Datagram {
    std::uint16_t source_port;
    std::uint16_t destination_port;
    Bytes payload;
  };

  /// `traits`, `sink` and `findings` must outlive the client. `next_port` is the stage's counter of source ports.
  TftpClient(const TftpTraits& traits, std::string name, bool probe, std::uint16_t& next_port, FileSink& sink,
             Findings& findings)
      : traits_(traits),
        name_(std::move(name)),
        probe_(probe),
        next_port_(next_port),
        sink_(sink),
        findings_(findings) {}

  void start(Time now);
  /// A datagram from the server's address to port().
  void receive(ByteView payload, std::uint16_t source_port, Time now);
  void wake(Time now);

  Time wake_at() const;
  Status status() const { return status_; }
  std::uint16_t port() const { return port_; }
  std::uint64_t size_bytes() const { return received_bytes_; }
  std::uint64_t blocks() const { return blocks_; }
  std::optional<std::uint64_t> tsize() const { return tsize_; }
  const std::string& name() const { return name_; }
  std::vector<Datagram> take_outgoing() { return std::exchange(outgoing_, {}); }

 private:
  Time deadline() const;
  void send_request(Time now);
  void send(Bytes payload, std::uint16_t to);
  void acknowledge(std::uint64_t block);
  void early_terminate();
  void on_data(std::uint16_t block, ByteView data);
  void on_oack(ByteView options);
  bool take_option(std::string_view name, std::string_view value);

  const TftpTraits& traits_;
  std::string name_;
  bool probe_;
  std::uint16_t& next_port_;
  FileSink& sink_;
  Findings& findings_;

  Status status_ = Status::kWorking;
  Time started_{};
  Time heard_{};
  Time resend_at_ = kNever;
  int tries_ = 0;
  std::uint16_t port_ = 0;
  std::optional<std::uint16_t> server_port_;
  std::size_t blksize_ = 512;
  std::optional<std::uint64_t> tsize_;
  bool oack_seen_ = false;
  std::uint64_t blocks_ = 0;  ///< taken so far; the block number on the wire is this modulo 65536
  std::uint64_t received_bytes_ = 0;
  std::vector<Datagram> outgoing_;
};

}  // namespace piman::pisim
