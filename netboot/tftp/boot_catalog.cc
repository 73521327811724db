// SPDX-License-Identifier: Apache-2.0
#include "netboot/tftp/boot_catalog.h"

#include <algorithm>
#include <utility>

namespace piman::netboot::tftp {

bool is_rendered(const FoundFile& file) { return file.is_template || speaks_of_master(file.name); }

tl::expected<std::string, Fault> render_found(const FoundFile& file, const BootClient& client, Ipv4Address server,
                                              const BootTreeSettings& settings) {
  const auto text = read_whole(file, kMaxTemplateBytes);
  if (!text) return tl::unexpected(Fault{FileFault::kUnreadable, text.error().message, file.path});
  if (!file.is_template) return replace_master(*text, server);
  auto rendered = render_template(*text, client, server, settings);
  if (!rendered) return tl::unexpected(Fault{FileFault::kBadTemplate, rendered.error().message, file.path});
  return speaks_of_master(file.name) ? replace_master(*rendered, server) : *std::move(rendered);
}

BootCatalog::Boot& BootCatalog::boot_of(Ipv4Address client, SteadyTime now) {
  if (boots_.size() >= kMaxBoots && !boots_.contains(client)) {
    std::erase_if(boots_, [&](const auto& boot) { return now - boot.second.last_request > kBootIsOver; });
    if (boots_.size() >= kMaxBoots) {
      boots_.erase(std::min_element(boots_.begin(), boots_.end(), [](const auto& a, const auto& b) {
        return a.second.last_request < b.second.last_request;
      }));
    }
  }
  return boots_.try_emplace(client, Boot{now, {}}).first->second;
}

tl::expected<Served, Fault> BootCatalog::find(std::string_view requested, const BootClient& client, Ipv4Address server,
                                              SteadyTime now) {
  const auto known = boots_.find(client.host.address);
  if (known != boots_.end()) {
    if (now - known->second.last_request > kBootIsOver) known->second.texts.clear();
    known->second.last_request = now;
  }
  auto file = files_.find(requested, client.host);
  if (!file) return tl::unexpected(std::move(file.error()));
  if (!is_rendered(*file)) {
    return Served{cache_.share(std::move(file->fd), file->identity), std::move(file->path), false};
  }
  auto& texts = boot_of(client.host.address, now).texts;
  if (const auto pinned = texts.find(file->path); pinned != texts.end()) {
    return Served{std::make_shared<TextSource>(pinned->second), std::move(file->path), true};
  }
  auto text = render_found(*file, client, server, files_.settings());
  if (!text) return tl::unexpected(std::move(text.error()));
  auto shared = std::make_shared<const std::string>(*std::move(text));
  if (texts.size() < kMaxTexts) texts.emplace(file->path, shared);
  return Served{std::make_shared<TextSource>(std::move(shared)), std::move(file->path), true};
}

void BootCatalog::begin_boot(Ipv4Address client) { boots_.erase(client); }

}  // namespace piman::netboot::tftp
