// SPDX-License-Identifier: Apache-2.0
#include "netboot/console.h"

#include <algorithm>
#include <utility>

namespace piman::netboot {
namespace {

constexpr char kEscape = '\x1b';

bool ends_line(char c) { return c == '\n' || c == '\r' || c == '\0'; }
char printable(char c) {
  if (c == '\t') return ' ';
  return c >= ' ' && c <= '~' ? c : '?';
}

}  // namespace

std::string_view word(ConsoleDrop drop) {
  switch (drop) {
    case ConsoleDrop::kTooFast:
      return "too_fast";
    case ConsoleDrop::kTooManyClients:
      return "too_many_clients";
  }
  return "";
}

ConsoleLines::Client* ConsoleLines::client_of(Ipv4Address address, SteadyTime now) {
  if (const auto found = by_address_.find(address); found != by_address_.end()) {
    clients_.splice(clients_.end(), clients_, found->second);
    return &clients_.back();
  }
  if (clients_.size() >= limits_.clients) {
    // One that waits for the rest of its line is not given up for a newcomer: a flood of forged senders would
    // otherwise tear every line.
    if (clients_.empty() || now - clients_.front().heard_at < limits_.unfinished_line) return nullptr;
    by_address_.erase(clients_.front().address);
    clients_.pop_front();
  }
  clients_.push_back(Client{address, {}, Escape::kNone, limits_.lines_at_once, now, now});
  by_address_.emplace(address, std::prev(clients_.end()));
  return &clients_.back();
}

bool ConsoleLines::take_line(Client& client, SteadyTime now) {
  const double earned = to_seconds(now - client.counted_at) * limits_.lines_per_second;
  client.lines_left = std::min(limits_.lines_at_once, client.lines_left + std::max(0.0, earned));
  client.counted_at = now;
  if (client.lines_left < 1) return false;
  client.lines_left -= 1;
  return true;
}

void ConsoleLines::end_line(Client& client, ConsoleOutput& out, SteadyTime now) {
  std::string text = std::exchange(client.text, {});
  while (text.ends_with(' ')) text.pop_back();
  if (text.empty()) return;
  if (take_line(client, now)) {
    out.lines.push_back(ConsoleLine{client.address, std::move(text)});
  } else {
    out.drop = ConsoleDrop::kTooFast;
  }
}

ConsoleOutput ConsoleLines::feed(Ipv4Address address, std::string_view bytes, SteadyTime now) {
  ConsoleOutput out;
  Client* const client = client_of(address, now);
  if (client == nullptr) {
    out.drop = ConsoleDrop::kTooManyClients;
    return out;
  }
  client->heard_at = now;
  for (const char c : bytes) {
    // ESC, '[', parameters, a letter; or ESC and one more character.
    if (client->escape == Escape::kBegun) {
      client->escape = c == '[' ? Escape::kSequence : Escape::kNone;
      if (!ends_line(c)) continue;
    } else if (client->escape == Escape::kSequence) {
      if (c >= '@' && c <= '~') client->escape = Escape::kNone;
      if (!ends_line(c)) continue;
      client->escape = Escape::kNone;
    } else if (c == kEscape) {
      client->escape = Escape::kBegun;
      continue;
    }
    if (ends_line(c)) {
      end_line(*client, out, now);
      continue;
    }
    if (client->text.size() >= limits_.line_bytes) end_line(*client, out, now);
    client->text.push_back(printable(c));
  }
  return out;
}

std::vector<ConsoleLine> ConsoleLines::flush(SteadyTime now) {
  ConsoleOutput out;
  for (auto client = clients_.begin(); client != clients_.end();) {
    const auto quiet = now - client->heard_at;
    if (quiet < limits_.unfinished_line) break;  // those behind it spoke later still
    end_line(*client, out, now);
    client->escape = Escape::kNone;
    if (quiet < limits_.forget) {
      ++client;
      continue;
    }
    by_address_.erase(client->address);
    client = clients_.erase(client);
  }
  return std::move(out.lines);
}

std::optional<SteadyTime> ConsoleLines::next_flush() const {
  for (const Client& client : clients_) {
    if (!client.text.empty()) return client.heard_at + limits_.unfinished_line;
  }
  if (clients_.empty()) return std::nullopt;
  return clients_.front().heard_at + limits_.forget;
}

}  // namespace piman::netboot
