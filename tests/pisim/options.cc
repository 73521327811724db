// SPDX-License-Identifier: Apache-2.0
#include "tests/pisim/options.h"

#include <algorithm>
#include <array>

#include "common/text.h"

namespace piman::pisim {
namespace {

constexpr std::uint32_t kMaxPis = 20'000;

const std::array kTable = {
    Flag{"help", "", "false", "Shows this help.", false},
    Flag{"interface", "NAME", "", "The interface to send and hear raw frames on, as one end of a veth pair.", false},
    Flag{"models", "MODEL:COUNT,...", "pi4:1", "What to simulate; see Models.", false},
    Flag{"first-index", "N", "0", "The number of the first board of each model, from which its MAC is made.", false},
    Flag{"list", "", "false", "Prints name, model, MAC and serial number of the boards as CSV, and ends.", false},
    Flag{"files", "minimal|full", "full", "Ask for what a boot needs, or for all that the model asks for.", false},
    Flag{"root", "DIR", "",
         "Compare every file with the one of that name here; what is not here must be answered "
         "with \"file not found\".",
         false},
    Flag{"manifest", "FILE", "", "The same by sha256sum's lines.", false},
    Flag{"per-node", "", "false", "With --root or --manifest: SERIAL/NAME and MAC/NAME are NAME.", false},
    Flag{"unchecked", "NAME", "", "A file of this name may have any content, as a rendered template has.", true},
    Flag{"prefix", "serial|mac", "serial", "The folder that a Pi 4 or 5 asks for first (TFTP_PREFIX).", false},
    Flag{"plan", "MODEL:FILE", "",
         "Another order of files for the stage that loads the kernel; README.md tells the "
         "form.",
         true},
    Flag{"expect-subnet", "NET/LENGTH", "", "Addresses outside it are a fault.", false},
    Flag{"start-spread", "TIME", "0", "Switch the boards on at random moments within this time.", false},
    Flag{"storm", "", "false",
         "Switch all boards on at once, whatever --start-spread says, on one segment where they "
         "hear each other's broadcasts.",
         false},
    Flag{"shared-segment", "", "false", "The boards hear each other's broadcasts.", false},
    Flag{"timeout", "TIME", "180s", "A board that has not booted this long after power on has failed.", false},
    Flag{"attempts", "N", "0",
         "A board that begins again by itself has failed after this many attempts, in the stage where the last one "
         "ended; 0: it goes on until --timeout.",
         false},
    Flag{"power-cycle", "TIME", "", "Switch a dead board off and on after this time. Without it, dead is failed.",
         false},
    Flag{"time-scale", "FACTOR", "1",
         "Shortens the boards' own pauses (start-up of a stage, pause before a restart); "
         "what the server sees of time-outs stays.",
         false},
    Flag{"rom-receive-timeout", "TIME", "1s",
         "How long a 3B's mask ROM waits for any frame before it gives an attempt "
         "up: measured as \"at least 1 second\".",
         false},
    Flag{"relay", "INSIDE,OUTSIDE,SERVER", "",
         "Put a router with a DHCP relay between the boards and the wire: its "
         "two addresses, and the server's.",
         false},
    Flag{"loss", "RATIO", "0", "Frames lost, each way.", false},
    Flag{"duplicate", "RATIO", "0", "Frames doubled, each way.", false},
    Flag{"reorder", "RATIO", "0", "Frames held back, each way.", false},
    Flag{"delay", "TIME", "0", "Of every frame, each way.", false},
    Flag{"jitter", "TIME", "0", "On top of the delay, at random.", false},
    Flag{"seed", "N", "1", "Of all that is random.", false},
    Flag{"min-success", "RATIO", "1", "Exit 0 when at least this share of the boards booted.", false},
    Flag{"strict", "", "true", "A fault of the server fails the run although all booted.", false},
    Flag{"json", "", "false", "The report as JSON.", false},
    Flag{"verbose", "", "false", "A line for every board.", false},
};

/// Reads flags one after another and collects what is wrong with them.
class Reader {
 public:
  Reader(const ParsedFlags& parsed, std::vector<std::string>& problems) : parsed_(parsed), problems_(problems) {}

  std::string text(std::string_view name) const { return parsed_.value(kTable, name); }
  bool on(std::string_view name) const { return parsed_.is_on(kTable, name); }

  Time time(std::string_view name) {
    const auto value = parse_duration(text(name));
    if (!value) wrong(name, "is not a time such as 5s or 200ms");
    return value.value_or(Time(0));
  }
  double ratio(std::string_view name) {
    const auto value = parse_double(text(name));
    if (!value || !(*value >= 0 && *value <= 1)) wrong(name, "is not between 0 and 1");
    return value.value_or(0);
  }
  std::uint64_t number(std::string_view name, std::uint64_t most) {
    const auto value = parse_u64(text(name));
    if (!value || *value > most) wrong(name, concat("is not a number up to ", most));
    return value.value_or(0);
  }
  /// True for `second`.
  bool choice(std::string_view name, std::string_view first, std::string_view second) {
    const std::string value = text(name);
    if (value != first && value != second) wrong(name, concat("is neither ", first, " nor ", second));
    return value == second;
  }
  void wrong(std::string_view name, std::string_view why) {
    problems_.push_back(concat("--", name, ": ", quote(text(name)), " ", why));
  }

 private:
  const ParsedFlags& parsed_;
  std::vector<std::string>& problems_;
};

void read_models(Reader& reader, Options& options) {
  const std::string text = reader.text("models");
  const std::vector<Model> known = make_models();
  std::uint64_t total = 0;
  for (std::string_view rest = text; !rest.empty();) {
    std::string_view count_text = next_until(rest, ',');
    const std::string_view name = next_until(count_text, ':');
    const auto count = count_text.empty() ? std::optional<std::uint32_t>(1) : parse_number<std::uint32_t>(count_text);
    const bool is_known = std::any_of(known.begin(), known.end(), [&](const Model& m) { return m.name == name; });
    if (!is_known || !count) return reader.wrong("models", concat("has a wrong part: ", quote(name), "; see --help"));
    total += *count;
    options.models.emplace_back(name, *count);
  }
  if (total == 0 || total > kMaxPis) reader.wrong("models", concat("is not 1 to ", kMaxPis, " boards"));
}

void read_relay(Reader& reader, Options& options) {
  const std::string text = reader.text("relay");
  if (text.empty()) return;
  std::string_view rest = text;
  const auto inside = Ipv4Address::parse(next_until(rest, ','));
  const auto outside = Ipv4Address::parse(next_until(rest, ','));
  const auto server = Ipv4Address::parse(rest);
  if (!inside || !outside || !server) return reader.wrong("relay", "is not three addresses");
  options.simulation.relay = RelaySettings{*inside, *outside, *server};
}

}  // namespace

std::span<const Flag> option_table() { return kTable; }

std::optional<Time> parse_duration(std::string_view text) {
  if (text == "0") return Time(0);
  const std::size_t unit_at = text.find_first_not_of("0123456789.");
  if (unit_at == std::string_view::npos) return std::nullopt;
  const auto value = parse_double(text.substr(0, unit_at));
  const std::string_view unit = text.substr(unit_at);
  const double seconds = unit == "us" ? 1e-6 : unit == "ms" ? 1e-3 : unit == "s" ? 1 : unit == "m" ? 60 : 0;
  if (!value || seconds <= 0 || *value * seconds > 86'400) return std::nullopt;
  return Time(static_cast<Time::rep>(*value * seconds * 1e9));
}

std::optional<Subnet> parse_subnet(std::string_view text) {
  const auto network = Ipv4Address::parse(next_until(text, '/'));
  const auto length = parse_number<std::uint8_t>(text);
  if (!network || !length || *length > 32) return std::nullopt;
  return Subnet{*network, *length == 0 ? 0 : ~std::uint32_t{0} << (32U - *length)};
}

Options parse_options(std::span<const char* const> arguments, std::vector<std::string>& problems) {
  const ParsedFlags parsed = parse_flags(kTable, arguments);
  problems = parsed.problems;
  for (const std::string& argument : parsed.arguments) problems.push_back(concat("unexpected ", quote(argument)));
  Reader reader(parsed, problems);
  Options options;
  options.help = reader.on("help");
  options.list = reader.on("list");
  options.json = reader.on("json");
  options.verbose = reader.on("verbose");
  options.strict = reader.on("strict");
  options.interface = reader.text("interface");
  if (options.interface.empty() && !options.list && !options.help) problems.emplace_back("--interface is needed");
  read_models(reader, options);
  read_relay(reader, options);
  options.first_index = static_cast<std::uint32_t>(reader.number("first-index", 60'000));
  options.root = reader.text("root");
  options.manifest = reader.text("manifest");
  if (!options.root.empty() && !options.manifest.empty()) problems.emplace_back("--root and --manifest: one of them");
  options.per_node = reader.on("per-node");
  for (std::string& name : parsed.values(kTable, "unchecked")) options.unchecked.insert(std::move(name));
  for (const std::string& plan : parsed.values(kTable, "plan")) {
    std::string_view file = plan;
    const std::string_view model = next_until(file, ':');
    options.plans.emplace_back(model, file);
  }
  options.min_success = reader.ratio("min-success");
  options.pi.full = reader.choice("files", "minimal", "full");
  options.pi.mac_prefix = reader.choice("prefix", "serial", "mac");
  options.pi.rom_receive_timeout = reader.time("rom-receive-timeout");
  options.pi.attempts = static_cast<std::uint32_t>(reader.number("attempts", 1'000'000));
  if (parsed.is_given("power-cycle")) options.pi.power_cycle_after = reader.time("power-cycle");
  const auto scale = parse_double(reader.text("time-scale"));
  if (!scale || !(*scale >= 0 && *scale <= 10)) reader.wrong("time-scale", "is not between 0 and 10");
  options.pi.time_scale = scale.value_or(1);
  if (parsed.is_given("expect-subnet")) {
    options.pi.subnet = parse_subnet(reader.text("expect-subnet"));
    if (!options.pi.subnet) reader.wrong("expect-subnet", "is not a network such as 10.1.0.0/16");
  }
  SimulationSettings& simulation = options.simulation;
  simulation.start_spread = reader.on("storm") ? Time(0) : reader.time("start-spread");
  simulation.shared_segment = reader.on("storm") || reader.on("shared-segment");
  simulation.node_timeout = reader.time("timeout");
  simulation.seed = reader.number("seed", ~std::uint64_t{0} / 4);
  simulation.conditions = {reader.ratio("loss"), reader.ratio("duplicate"), reader.ratio("reorder"),
                           reader.time("delay"), reader.time("jitter")};
  return options;
}

}  // namespace piman::pisim
