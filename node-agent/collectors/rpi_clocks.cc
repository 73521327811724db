// SPDX-License-Identifier: Apache-2.0
#include "node-agent/collectors/rpi_clocks.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "common/text.h"
#include "node-agent/board_revision.h"
#include "node-agent/board_watch.h"

namespace piman::agent {
namespace {

using prom_text::Family;
using prom_text::Labels;
using prom_text::Type;

/// Something that the firmware knows by a number.
struct Numbered {
  std::uint32_t number;
  std::string_view name;
};
constexpr std::array<Numbered, 9> kClocks = {{{3, "arm"},
                                              {4, "core"},
                                              {1, "emmc"},
                                              {12, "emmc2"},
                                              {6, "h264"},
                                              {11, "hevc"},
                                              {7, "isp"},
                                              {8, "sdram"},
                                              {5, "v3d"}}};
constexpr std::array<Numbered, 4> kRails = {{{1, "core"}, {2, "sdram_c"}, {4, "sdram_i"}, {3, "sdram_p"}}};

/// Values of one kind, asked for in one message.
template <std::size_t kCount>
class Readings {
 public:
  Readings(MailboxTag tag, std::string_view label, const std::array<Numbered, kCount>& numbered)
      : tag_(tag), numbered_(numbered) {
    for (const Numbered& one : numbered) labels_.push_back(Labels({{label, one.name}}));
  }

  /// Writes what the firmware measures; 0 is its answer for what the board does not have. False when it does not
  /// answer.
  Result<bool> write(FirmwareMailbox& mailbox, double unit, prom_text::Writer& out) {
    std::array<std::array<std::uint32_t, 2>, kCount> words;
    std::vector<MailboxProperty> properties;
    for (std::size_t i = 0; i < kCount; ++i) {
      words[i] = {numbered_[i].number, 0};
      properties.push_back({tag_, words[i]});
    }
    const auto answered = mailbox.ask(properties);
    if (!answered || !*answered) return answered;
    for (std::size_t i = 0; i < kCount; ++i) {
      if (properties[i].answered < 2 || words[i][1] == 0) continue;
      out.sample(labels_[i], static_cast<double>(words[i][1]) / unit);
    }
    return true;
  }

 private:
  MailboxTag tag_;
  const std::array<Numbered, kCount>& numbered_;
  std::vector<Labels> labels_;
};

class RpiClocksCollector final : public Collector {
 public:
  explicit RpiClocksCollector(const CollectorContext& context) : board_(board_watch_of(context)) {
    const auto& identity = board_->identity();
    const auto revision =
        identity && identity->revision_code ? decode_revision(*identity->revision_code) : std::nullopt;
    // Older boards have no such chip, and answer with the temperature of the SoC.
    has_pmic_sensor_ = revision && (revision->processor == "BCM2711" || revision->processor == "BCM2712");
  }

  Result<Outcome> collect(prom_text::Writer& out) override {
    if (!board_->identity()) return Outcome::kAbsent;
    FirmwareMailbox& mailbox = board_->mailbox();
    constexpr double kMicrovolts = 1e6, kMillidegrees = 1e3;
    out.family(clock_);
    const auto answered = clocks_.write(mailbox, 1, out);
    if (!answered) return fail(answered.error().message);
    out.family(voltage_);
    const auto voltages = rails_.write(mailbox, kMicrovolts, out);
    const auto soc = mailbox.ask_words<2>(MailboxTag::kTemperature, {0, 0});
    if (!voltages || !soc || !(*answered || *voltages || *soc)) return Outcome::kAbsent;
    out.family(temperature_);
    if (has_pmic_sensor_) {
      const auto text = mailbox.ask_command("measure_temp pmic");
      const auto celsius = text && *text ? parse_measured_temperature(**text) : std::nullopt;
      if (celsius) out.sample(pmic_, *celsius);
    }
    if (*soc) out.sample(soc_, static_cast<double>((**soc)[1]) / kMillidegrees);
    return Outcome::kCollected;
  }

 private:
  const std::shared_ptr<BoardWatch> board_;
  bool has_pmic_sensor_ = false;
  Readings<kClocks.size()> clocks_{MailboxTag::kMeasuredClock, "clock", kClocks};
  Readings<kRails.size()> rails_{MailboxTag::kVoltage, "rail", kRails};
  const Labels pmic_{{"sensor", "pmic"}}, soc_{{"sensor", "soc"}};
  const Family clock_{"rpi_clock_hertz", Type::kGauge, "Measured rate of a clock, in hertz."};
  const Family voltage_{"rpi_voltage_volts", Type::kGauge, "Voltage that the firmware has set for a rail, in volts."};
  const Family temperature_{"rpi_temperature_celsius", Type::kGauge,
                            "Temperature of the SoC and of the power management chip, in degrees Celsius."};
};

}  // namespace

std::optional<double> parse_measured_temperature(std::string_view text) {
  constexpr std::string_view kPrefix = "temp=", kSuffix = "'C";
  text = trim(text);
  if (!text.starts_with(kPrefix) || !text.ends_with(kSuffix)) return std::nullopt;
  text.remove_prefix(kPrefix.size());
  text.remove_suffix(kSuffix.size());
  const auto celsius = parse_double(text);
  // Not "nan" or "inf", which the parser would take.
  if (!celsius || !(*celsius > -100 && *celsius < 1000)) return std::nullopt;
  return celsius;
}

Result<std::unique_ptr<Collector>> make_rpi_clocks_collector(const CollectorContext& context) {
  return std::make_unique<RpiClocksCollector>(context);
}

}  // namespace piman::agent
