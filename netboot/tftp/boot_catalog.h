// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include "common/clock.h"
#include "netboot/tftp/block_source.h"
#include "netboot/tftp/boot_files.h"
#include "netboot/tftp/boot_template.h"
#include "netboot/tftp/file_cache.h"

/// What a client is served under a name: a file, or a text that was rendered for it and stays the same for one boot.
namespace piman::netboot::tftp {

struct Served {
  std::shared_ptr<BlockSource> source;
  std::string path;  ///< the file behind it, relative to the boot root
  bool is_rendered = false;
};

/// Firmware reads config.txt four to seven times in one boot, and the size that it was told must be the size that it
/// gets: so a rendered text is kept from its first reading until the node has asked for nothing for kBootIsOver, or
/// begin_boot says that another boot has begun.
/// Thread-safety: none. Whoever serves from a thread of his own makes a catalog of his own; they may share BootFiles.
class BootCatalog {
 public:
  static constexpr std::chrono::seconds kBootIsOver{60};
  /// Rendered texts kept for one node; those beyond are rendered at each request.
  static constexpr std::size_t kMaxTexts = 16;
  /// Nodes with rendered texts; beyond, the one that was quiet for longest loses its.
  static constexpr std::size_t kMaxBoots = 4096;

  /// `files` must outlive the catalog.
  explicit BootCatalog(const BootFiles& files, std::size_t cache_bytes = FileCache::kDefaultBytes)
      : files_(files), cache_(cache_bytes) {}

  /// `server` is the address that the client knows this server by. Errors: see FileFault.
  tl::expected<Served, Fault> find(std::string_view requested, const BootClient& client, Ipv4Address server,
                                   SteadyTime now);
  /// The client at this address starts anew (it sent a DISCOVER): its texts are rendered again.
  void begin_boot(Ipv4Address client);

  const BootFiles& files() const { return files_; }
  std::uint64_t pieces_read() const { return cache_.pieces_read(); }

 private:
  struct Boot {
    SteadyTime last_request;
    std::map<std::string, std::shared_ptr<const std::string>, std::less<>> texts;  ///< by path
  };
  Boot& boot_of(Ipv4Address client, SteadyTime now);

  const BootFiles& files_;
  FileCache cache_;
  std::unordered_map<Ipv4Address, Boot, HashAddress> boots_;
};

/// What rendering makes of a found file. For callers without a catalog.
/// Errors: kUnreadable, kBadTemplate.
tl::expected<std::string, Fault> render_found(const FoundFile& file, const BootClient& client, Ipv4Address server,
                                              const BootTreeSettings& settings);
/// Whether it has to be rendered at all.
bool is_rendered(const FoundFile& file);

}  // namespace piman::netboot::tftp
