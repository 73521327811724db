// SPDX-License-Identifier: Apache-2.0
#include "node-agent/collectors/timex.h"

#include <cerrno>

#include "common/text.h"

namespace piman::agent {
namespace {

using prom_text::Family;
using prom_text::Type;

Family counter(std::string_view name, std::string_view help) {
  return Family(concat("node_timex_", name), Type::kCounter, help);
}
Family gauge(std::string_view name, std::string_view help) {
  return Family(concat("node_timex_", name), Type::kGauge, help);
}

class TimexCollector final : public Collector {
 public:
  Result<Outcome> collect(prom_text::Writer& out) override {
    ::timex reading{};
    const int state = ::adjtimex(&reading);
    if (state < 0 && (errno == EPERM || errno == EACCES)) return Outcome::kAbsent;  // a container may not even ask
    if (state < 0) return fail(concat("adjtimex: error ", errno));
    const ClockState clock = to_clock_state(reading, state);
    const auto write = [&](const Family& family, auto number) { out.single(family, static_cast<double>(number)); };
    write(estimated_error_, clock.estimated_error_seconds);
    write(frequency_, clock.frequency_ratio);
    write(constant_, reading.constant);
    write(most_error_, clock.most_error_seconds);
    write(offset_, clock.offset_seconds);
    write(pps_calibrations_, reading.calcnt);
    write(pps_errors_, reading.errcnt);
    write(pps_frequency_, clock.pps_frequency_hertz);
    write(pps_jitter_, clock.pps_jitter_seconds);
    write(pps_jitters_, reading.jitcnt);
    write(pps_shift_, reading.shift);
    write(pps_stability_exceeded_, reading.stbcnt);
    write(pps_stability_, clock.pps_stability_hertz);
    write(status_, reading.status);
    write(synchronized_, clock.synchronized ? 1 : 0);
    write(tai_offset_, reading.tai);
    write(tick_, clock.tick_seconds);
    return Outcome::kCollected;
  }

 private:
  const Family estimated_error_ = gauge("estimated_error_seconds", "Estimated error of the clock, in seconds.");
  const Family frequency_ = gauge("frequency_adjustment_ratio", "How much faster than by itself the clock is run.");
  const Family constant_ = gauge("loop_time_constant", "Time constant of the phase-locked loop.");
  const Family most_error_ = gauge("maxerror_seconds", "Largest error that the clock may have, in seconds.");
  const Family offset_ = gauge("offset_seconds", "Offset that is still to be corrected, in seconds.");
  const Family pps_calibrations_ = counter("pps_calibration_total", "Calibration intervals.");
  const Family pps_errors_ = counter("pps_error_total", "Calibration intervals that failed.");
  const Family pps_frequency_ = gauge("pps_frequency_hertz", "Frequency offset by the pulse per second, in hertz.");
  const Family pps_jitter_ = gauge("pps_jitter_seconds", "Jitter of the pulse per second, in seconds.");
  const Family pps_jitters_ = counter("pps_jitter_total", "Pulses that came outside the limit for jitter.");
  const Family pps_shift_ = gauge("pps_shift_seconds", "Length of a calibration interval, in seconds.");
  const Family pps_stability_exceeded_ = counter("pps_stability_exceeded_total", "Calibration intervals too unstable.");
  const Family pps_stability_ = gauge("pps_stability_hertz", "Change of the frequency offset of late, in hertz.");
  const Family status_ = gauge("status", "Status bits of the clock.");
  const Family synchronized_ = gauge("sync_status", "Whether the clock is kept in step by a time source: 1 or 0.");
  const Family tai_offset_ = gauge("tai_offset_seconds", "Offset of international atomic time from UTC, in seconds.");
  const Family tick_ = gauge("tick_seconds", "Time between two clock ticks, in seconds.");
};

}  // namespace

ClockState to_clock_state(const ::timex& reading, int state) {
  constexpr double kMicro = 1e6, kNano = 1e9;
  constexpr double kScaledPpm = 1e6 * 65536;  // parts per million with 16 bits of fraction
  const double offset_unit = (reading.status & STA_NANO) != 0 ? kNano : kMicro;
  ClockState clock;
  clock.synchronized = state != TIME_ERROR;
  clock.offset_seconds = static_cast<double>(reading.offset) / offset_unit;
  clock.frequency_ratio = 1 + static_cast<double>(reading.freq) / kScaledPpm;
  clock.most_error_seconds = static_cast<double>(reading.maxerror) / kMicro;
  clock.estimated_error_seconds = static_cast<double>(reading.esterror) / kMicro;
  clock.tick_seconds = static_cast<double>(reading.tick) / kMicro;
  clock.pps_frequency_hertz = static_cast<double>(reading.ppsfreq) / kScaledPpm;
  clock.pps_jitter_seconds = static_cast<double>(reading.jitter) / offset_unit;
  clock.pps_stability_hertz = static_cast<double>(reading.stabil) / kScaledPpm;
  return clock;
}

Result<std::unique_ptr<Collector>> make_timex_collector(const CollectorContext&) {
  return std::make_unique<TimexCollector>();
}

}  // namespace piman::agent
