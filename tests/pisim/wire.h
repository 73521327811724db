// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "common/result.h"
#include "tests/pisim/bytes.h"

/// One network interface as a bundle of raw Ethernet frames: an AF_PACKET socket, read and written in batches.
namespace piman::pisim {

class Wire {
 public:
  struct Received {
    ByteView frame;         ///< valid until the next receive()
    bool checksums_filled;  ///< false: the kernel left the UDP checksum to hardware that a veth pair has none of
  };

  /// Errors: no such interface, no right to open packet sockets.
  static Result<std::unique_ptr<Wire>> open(const std::string& interface);
  ~Wire();
  Wire(const Wire&) = delete;
  Wire& operator=(const Wire&) = delete;

  int fd() const { return fd_; }
  /// What has arrived, at most one batch; empty when there is nothing. Own frames are not among it.
  const std::vector<Received>& receive();
  /// Frames leave in batches, the last ones at flush().
  void send(Bytes frame);
  void flush();

  /// Frames that the kernel threw away because this program was too slow: they count as the wire's loss.
  std::uint64_t dropped_by_kernel();
  std::uint64_t unsent() const { return unsent_; }
  /// Frames longer than any of a wire with MTU 1500: what segmentation offload leaves to hardware.
  std::uint64_t oversized() const { return oversized_; }

 private:
  struct Buffers;
  explicit Wire(int fd);

  int fd_;
  std::unique_ptr<Buffers> buffers_;
  std::vector<Received> received_;
  std::vector<Bytes> outgoing_;
  std::uint64_t dropped_ = 0;
  std::uint64_t unsent_ = 0;
  std::uint64_t oversized_ = 0;
};

}  // namespace piman::pisim
