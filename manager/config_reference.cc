// SPDX-License-Identifier: Apache-2.0
#include "common/text.h"
#include "manager/config.h"
#include "manager/config_keys.h"
#include "manager/config_switches.h"
#include "manager/config_watch.h"

namespace piman::manager {
namespace {

constexpr std::string_view kIntroduction =
    "# Configuration of the manager\n"
    "\n"
    "<!-- Made by `piman config reference`: change manager/config_keys.cc instead, and make it again. -->\n"
    "\n"
    "One YAML file: the one that `--config.file=FILE` names, else `./piman.yml` if it is there, else\n"
    "`/etc/piman/piman.yml`; the same for every command of `piman`. Every key may be left out. Unknown and repeated "
    "keys,\n"
    "values of the wrong type or out of range, anchors, aliases and tags are problems: all are reported with their\n"
    "lines, and the manager does not start. `piman config check` reports them without starting anything.\n"
    "\n"
    "Durations are written as in Prometheus (`500ms`, `15s`, `1h30m`), sizes as `512KiB` or `16MiB`.\n";

std::string default_of(const ConfigKey& key) {
  const std::string shown = key.show(Config{});
  return shown.empty() ? "none" : concat('`', shown, '`');
}

void append_section(std::string& out, std::string_view section) {
  if (section.empty()) {
    out += "\n## Top level\n";
  } else {
    out += concat("\n## ", section, "\n\n", config_section_help(section), '\n');
  }
  out += "\n| key | value | default | what it does |\n|---|---|---|---|\n";
}

std::string example_file() {
  std::string out = "\n## All defaults as a file\n\n```yaml\n";
  std::string_view section;
  for (const ConfigKey& key : config_keys()) {
    const std::string shown = key.show(Config{});
    if (key.section != section) out += concat(key.section, ":\n");
    section = key.section;
    // An empty default is written as a quoted text: a key without a value would be a problem. So is one with a brace.
    const bool quoted = shown.empty() || shown.front() == '{';
    out += concat(section.empty() ? "" : "  ", key.name, ": ", quoted ? concat('"', shown, '"') : shown, '\n');
  }
  return out + "```\n";
}

}  // namespace

std::string render_config_reference() {
  std::string out(kIntroduction);
  const ConfigKey* previous = nullptr;
  for (const ConfigKey& key : config_keys()) {
    if (previous == nullptr || previous->section != key.section) append_section(out, key.section);
    out += concat("| `", key.full_name(), "` | ", key.type, " | ", default_of(key), " | ", key.help, " |\n");
    previous = &key;
  }
  return out + example_file() + render_switches_reference() + render_overrides_reference();
}

}  // namespace piman::manager
