// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tests/pisim/boot_plan.h"
#include "tests/pisim/expected_files.h"
#include "tests/pisim/tftp_client.h"

/// Loads the files of one boot stage, one after the other, as its plan says. Pure.
namespace piman::pisim {

/// What one boot carries from stage to stage.
struct BootMemory {
  std::string prefix;  ///< "a1b2c3d4/", or empty once cleared
  BootConfig config;
  std::optional<std::string> config_text;  ///< of the last config.txt, which must stay the same during a boot
  std::uint16_t next_port = 49152;
};

struct LoadCounts {
  std::uint64_t files = 0;   ///< read whole
  std::uint64_t absent = 0;  ///< answered with an ERROR
  std::uint64_t probes = 0;  ///< found by a probe
  std::uint64_t bytes = 0;
  std::uint64_t blocks = 0;
};

class FileLoader {
 public:
  enum class Status : std::uint8_t { kWorking, kDone, kFailed, kHung };

  struct Context {
    const BootPlan& plan;
    const TftpTraits& traits;
    const std::vector<std::string_view>& config_sections;
    const ExpectedFiles& expected;
    const Identity& identity;
    bool full;  ///< the steps marked `full` too
  };

  /// All of it must outlive the loader.
  FileLoader(const Context& context, BootMemory& memory, LoadCounts& counts, Findings& findings)
      : context_(context), memory_(memory), counts_(counts), findings_(findings) {}

  void start(Time now) { next_step(now); }
  void receive(ByteView payload, std::uint16_t source_port, std::uint16_t destination_port, Time now);
  void wake(Time now);

  Time wake_at() const { return transfer_ ? transfer_->wake_at() : kNever; }
  Status status() const { return status_; }
  /// Why it failed, or the file that it is at.
  const std::string& words() const { return words_; }
  std::vector<TftpClient::Datagram> take_outgoing() { return std::exchange(outgoing_, {}); }

 private:
  void next_step(Time now);
  void begin_step(const Step& step);
  void next_name(Time now);
  void after_transfer(Time now);
  void finish_file();
  void collect();
  void fail_with_words(Status status, std::string words);

  Context context_;
  BootMemory& memory_;
  LoadCounts& counts_;
  Findings& findings_;

  Status status_ = Status::kWorking;
  std::size_t step_ = 0;
  Action action_ = Action::kTry;
  std::vector<std::string> names_;  ///< still to be tried in this step, last first
  std::string current_;             ///< without the prefix
  std::string words_;
  std::unique_ptr<FileCheck> check_;
  std::unique_ptr<TftpClient> transfer_;
  std::vector<TftpClient::Datagram> outgoing_;
};

}  // namespace piman::pisim
