// SPDX-License-Identifier: Apache-2.0
// Values as people read them. Pure functions; what is not known is an en dash.

export const kUnknown = "–";
const kSpace = "\u00a0"; // between a number and its unit a line must not break

// What needs a hand first, then what is under way, then what is well or rests.
export const kPhases = [
  "quarantined", "failed", "down", "agent-down",
  "hello", "formatting", "downloading", "verifying", "dhcp", "loading", "booting",
  "pending", "off", "up",
];

const kPhaseWords = {
  quarantined: "Quarantined", failed: "Failed", down: "Down", "agent-down": "Agent down", hello: "Installer",
  formatting: "Formatting", downloading: "Downloading", verifying: "Verifying", dhcp: "DHCP", loading: "Loading",
  booting: "Booting", pending: "Pending", off: "Off", up: "Up",
};
const kPhaseMeanings = {
  quarantined: "Too many boots in a row came to nothing",
  failed: "Its boot or its install came to nothing",
  down: "Nothing answers at the node's address",
  "agent-down": "The node answers, its agent does not",
  hello: "Its installer runs, and asks or waits for orders",
  formatting: "Its card is being formatted",
  downloading: "Its image is being fetched and unpacked",
  verifying: "What was fetched is checked, and brought to the disk",
  dhcp: "It has power or asked for an address, and loads nothing yet",
  loading: "It loads its boot files",
  booting: "It has its kernel, or was told to boot from its card",
  pending: "In the inventory, not scraped yet",
  off: "Its power was switched off",
  up: "The node's agent answered the last scrape",
};

export function phaseWord(phase) {
  return kPhaseWords[phase] ?? phase;
}
/** The group of phases that look alike: "boot", "install", or the phase itself. */
export function phaseKind(phase) {
  if (["dhcp", "loading", "booting"].includes(phase)) return "boot";
  return ["hello", "formatting", "downloading", "verifying"].includes(phase) ? "install" : phase;
}
export function phaseMeaning(phase) {
  return kPhaseMeanings[phase] ?? "";
}

/** "42 s", "12 min", "3 h 20 min", "5 d 4 h", "62 d". */
export function duration(seconds) {
  if (!Number.isFinite(seconds)) return kUnknown;
  const whole = Math.max(0, Math.floor(seconds));
  const part = (count, unit) => `${count}${kSpace}${unit}`;
  const two = (large, unit, small, smallUnit) =>
    small > 0 ? `${part(large, unit)}${kSpace}${part(small, smallUnit)}` : part(large, unit);
  if (whole < 60) return part(whole, "s");
  if (whole < 3600) return part(Math.floor(whole / 60), "min");
  if (whole < 86400) return two(Math.floor(whole / 3600), "h", Math.floor((whole % 3600) / 60), "min");
  if (whole < 30 * 86400) return two(Math.floor(whole / 86400), "d", Math.floor((whole % 86400) / 3600), "h");
  return part(Math.floor(whole / 86400), "d");
}

export function ago(seconds) {
  if (!Number.isFinite(seconds)) return "never";
  return seconds < 1 ? "just now" : `${duration(seconds)} ago`;
}

/** "0.4 s", "12.3 s", "205 s": how far into a boot. */
export function seconds(value) {
  if (!isKnown(value)) return kUnknown;
  return `${value < 100 ? value.toFixed(1) : Math.round(value)}${kSpace}s`;
}

/** "512 B", "12.3 kB", "45.6 MB". */
export function bytes(value) {
  if (!isKnown(value)) return kUnknown;
  const units = ["B", "kB", "MB", "GB", "TB"];
  let unit = 0;
  for (; value >= 999.5 && unit + 1 < units.length; unit += 1) value /= 1000;
  return `${unit === 0 || value >= 99.95 ? Math.round(value) : value.toFixed(1)}${kSpace}${units[unit]}`;
}

/** A Unix time as people here write it. */
export function clockTime(unixSeconds) {
  return new Date(unixSeconds * 1000).toLocaleString(undefined, { dateStyle: "medium", timeStyle: "medium" });
}

export function percent(value) {
  return isKnown(value) ? `${Math.round(value)}${kSpace}%` : kUnknown;
}

export function celsius(value) {
  return isKnown(value) ? `${Math.round(value)}${kSpace}°C` : kUnknown;
}

export function isKnown(value) {
  return typeof value === "number" && Number.isFinite(value);
}

/** "Raspberry Pi 3 Model B Plus Rev 1.3" -> "Pi 3 B+"; other machines' names stay as they are. */
export function shortModel(model) {
  if (!model) return kUnknown;
  if (!model.startsWith("Raspberry Pi ")) return model;
  return model
    .replace("Raspberry Pi ", "Pi ")
    .replace(" Model ", " ")
    .replace("Compute Module ", "CM")
    .replace(/ Plus\b/, "+")
    .replace(/ Rev [0-9.]+$/, "");
}

const kReasons = {
  timeout: "No answer in time",
  refused: "Nothing listens on the agent's port",
  unreachable: "No way to the node's address",
  http_status: "The agent answered with an error",
  too_large: "The agent's answer is too large",
  malformed: "The agent's answer is not what it should be",
  tls: "No TLS with the agent: a certificate is not trusted",
  other: "The scrape failed",
};

/** Why a node is not up, in words. The exact error stands beside it: see details(). */
export function reason(node) {
  const stuck = node.stuck ? "Stuck: " : "";
  if (node.phase === "pending") return "Waiting for the first scrape";
  if (node.phase === "down" || node.phase === "agent-down") {
    return kReasons[node.last_error?.kind] ?? phaseMeaning(node.phase);
  }
  return stuck + phaseMeaning(node.phase);
}

/** What is known of that exactly: the error of the last scrape, or where the node stands in its phase. */
export function details(node) {
  if (node.phase_detail) return node.phase_detail;
  return node.phase === "down" || node.phase === "agent-down" ? (node.last_error?.message ?? "") : "";
}

// From where on a value deserves a look, and from where on it needs a hand. The Pi's firmware slows the processor at
// 80 to 85 degrees Celsius.
const kLevels = {
  cpu_percent: [90, 98],
  memory_percent: [85, 95],
  disk_percent: [85, 95],
  temperature_celsius: [75, 82],
};

/** "", "high" or "critical". */
export function level(measure, value) {
  if (!isKnown(value)) return "";
  const [high, critical] = kLevels[measure];
  return value >= critical ? "critical" : value >= high ? "high" : "";
}

/**
 * What the firmware, the card and the system complain of, as [{short, words, level}]: a word for the mark, a sentence for
 * who looks closer. Of a node that is not up it is what it said last.
 */
export function healthMarks(node) {
  const health = node.health ?? {};
  const marks = [];
  const mark = (level, short, words) => marks.push({ level, short, words });
  if (health.under_voltage) mark("critical", "Power", "Under-voltage now: its supply or cable is too weak");
  else if (health.under_voltage_occurred) mark("note", "Power", "Under-voltage since it booted");
  if (health.throttled) mark("critical", "Throttled", "Its firmware slows it down now");
  else if (health.frequency_capped) mark("high", "Capped", "Its firmware caps its frequency now");
  else if (health.soft_temperature_limit) mark("high", "Warm", "At its soft temperature limit");
  else if (health.throttled_occurred) mark("note", "Throttled", "Was slowed down by its firmware since it booted");
  if (health.root_read_only) mark("critical", "Read-only", "Its root file system can't be written");
  if (health.mmc_errors > 0 || health.ext4_errors > 0) {
    mark("high", "SD", `Errors of card or file system: ${(health.mmc_errors ?? 0) + (health.ext4_errors ?? 0)}`);
  } else if (health.mmc_pre_eol_state >= 2 || health.mmc_life_used_ratio >= 0.8) {
    mark("high", "SD", `Its card is worn: ${Math.round((health.mmc_life_used_ratio ?? 0) * 100)} % of its life is used`);
  }
  if (health.reboot_required) mark("note", "Reboot", "Waits for a reboot");
  return marks;
}

/** The URL when it is one that a link may lead to, else nothing: configuration must not become script. */
export function safeUrl(text) {
  try {
    const url = new URL(text);
    return url.protocol === "http:" || url.protocol === "https:" ? url.href : null;
  } catch {
    return null;
  }
}
