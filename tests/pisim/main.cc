// SPDX-License-Identifier: Apache-2.0
// pisim: virtual Raspberry Pis that boot over a real wire, to see whether a server serves them.
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "common/text.h"
#include "tests/pisim/options.h"
#include "tests/pisim/report.h"

namespace {

using namespace piman;
using namespace piman::pisim;

constexpr int kExitFailed = 1;
constexpr int kExitUsage = 2;

constexpr const char* kUsage =
    "pisim --interface=NAME [FLAGS]\n\n"
    "Simulates Raspberry Pis that boot over the network: each behaves as its model's boot ROM, bootcode.bin, EEPROM\n"
    "bootloader and kernel do, bugs included. Needs the right to open packet sockets (root, or CAP_NET_RAW).\n"
    "Exit status: 0 all is well, 1 boards failed or the server made faults, 2 wrong call.\n\n"
    "Examples:\n"
    "  pisim --interface=pi0 --models=pi4:100,pi3b:100 --expect-subnet=10.1.0.0/16 --root=/srv/tftp\n"
    "  pisim --interface=pi0 --models=pi5:100 --loss=0.01 --jitter=2ms --reorder=0.01 --min-success=0.99\n"
    "  pisim --interface=pi0 --models=pi3b:200,pi3bplus:100,pi4:200 --storm --power-cycle=10s --json\n"
    "  pisim --list --models=pi4:3                        which MACs and serial numbers that would be\n\n";

volatile std::sig_atomic_t stop_asked = 0;
void ask_stop(int) { stop_asked = 1; }

void print_help() {
  std::fputs(kUsage, stdout);
  std::fputs("Models:\n", stdout);
  for (const Model& model : make_models()) {
    std::printf("  %-10.*s %.*s\n", static_cast<int>(model.name.size()), model.name.data(),
                static_cast<int>(model.what.size()), model.what.data());
  }
  std::fputs(concat("\nFlags:\n", render_flags_help(option_table())).c_str(), stdout);
}

int fail_usage(const std::string& problem) {
  std::fprintf(stderr, "pisim: %s\n", problem.c_str());
  return kExitUsage;
}

Result<ExpectedFiles> load_expected(const Options& options) {
  Result<ExpectedFiles> files = ExpectedFiles();
  if (!options.root.empty()) files = ExpectedFiles::from_root(options.root);
  if (!options.manifest.empty()) files = ExpectedFiles::from_manifest(options.manifest);
  if (!files) return files;
  files->set_per_node(options.per_node);
  files->set_unchecked(options.unchecked);
  return files;
}

Model* find_model(std::vector<Model>& models, std::string_view name) {
  const auto found = std::find_if(models.begin(), models.end(), [name](const Model& m) { return m.name == name; });
  return found == models.end() ? nullptr : &*found;
}

Result<bool> apply_plans(const Options& options, std::vector<Model>& models) {
  for (const auto& [name, file] : options.plans) {
    Model* model = find_model(models, name);
    if (model == nullptr) return fail(concat("--plan: no model ", quote(name)));
    std::ifstream in(file, std::ios::binary);
    if (!in) return fail(concat("--plan: can't read ", file));
    const std::string text{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
    auto plan = parse_boot_plan(text);
    if (!plan) return fail_with(concat("--plan: ", file), plan.error());
    replace_kernel_plan(*model, *std::move(plan));
  }
  return true;
}

std::vector<std::unique_ptr<VirtualPi>> make_pis(const Options& options, std::vector<Model>& models,
                                                 const ExpectedFiles& expected) {
  std::vector<std::unique_ptr<VirtualPi>> pis;
  Random seeds(options.simulation.seed);
  for (const auto& [name, count] : options.models) {
    const Model* model = find_model(models, name);
    for (std::uint32_t i = 0; model != nullptr && i < count; ++i) {
      Identity identity = make_identity(name, model->mac_prefix, model->revision, options.first_index + i);
      pis.push_back(std::make_unique<VirtualPi>(*model, std::move(identity), options.pi, expected, seeds.next()));
    }
  }
  return pis;
}

void print_list(const std::vector<std::unique_ptr<VirtualPi>>& pis) {
  std::puts("name,model,mac,serial");
  for (const auto& pi : pis) {
    std::printf("%s,%s,%s,%s\n", pi->identity().name.c_str(), std::string(pi->model().name).c_str(),
                pi->identity().mac.to_string().c_str(), pi->identity().serial_text().c_str());
  }
}

/// One line that overwrites itself, on a terminal only.
void show_progress(const Simulation& simulation, Time now) {
  std::size_t by_state[16] = {};
  for (const auto& pi : simulation.pis()) ++by_state[static_cast<std::size_t>(pi->state())];
  const auto count = [&](VirtualPi::State state) { return by_state[static_cast<std::size_t>(state)]; };
  std::fprintf(stderr, "\r\033[K%5.1f s  booted %zu of %zu, dhcp %zu, loading %zu, dead %zu",
               std::chrono::duration<double>(now).count(), count(VirtualPi::State::kBooted), simulation.pis().size(),
               count(VirtualPi::State::kDhcp), count(VirtualPi::State::kLoading), count(VirtualPi::State::kDead));
}

double cpu_seconds() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

RunResult simulate(const Options& options, Wire& wire, std::vector<std::unique_ptr<VirtualPi>> pis) {
  Simulation simulation(options.simulation, wire, std::move(pis));
  const bool on_terminal = ::isatty(STDERR_FILENO) != 0;
  const double cpu_before = cpu_seconds();
  simulation.run([] { return stop_asked != 0; },
                 [&](Time now) {
                   if (on_terminal) show_progress(simulation, now);
                 });
  if (on_terminal) std::fputs("\r\033[K", stderr);
  RunResult run;
  run.cpu_seconds = cpu_seconds() - cpu_before;
  run.elapsed_seconds = std::chrono::duration<double>(simulation.elapsed()).count();
  run.dropped_by_kernel = wire.dropped_by_kernel();
  run.unsent = wire.unsent();
  run.oversized = wire.oversized();
  run.interrupted = stop_asked != 0;
  for (std::size_t i = 0; i < simulation.pis().size(); ++i) {
    run.nodes.push_back(result_of(*simulation.pis()[i], simulation.timed_out(i)));
  }
  return run;
}

}  // namespace

int main(int argc, char** argv) {
  std::vector<std::string> problems;
  const Options options =
      parse_options(std::span<const char* const>(argv + 1, static_cast<std::size_t>(argc - 1)), problems);
  if (options.help) {
    print_help();
    return 0;
  }
  for (const std::string& problem : problems) fail_usage(problem);
  if (!problems.empty()) return kExitUsage;

  std::vector<Model> models = make_models();
  if (const auto applied = apply_plans(options, models); !applied) return fail_usage(applied.error().message);
  const auto expected = load_expected(options);
  if (!expected) return fail_usage(expected.error().message);
  auto pis = make_pis(options, models, *expected);
  if (options.list) {
    print_list(pis);
    return 0;
  }
  const auto wire = Wire::open(options.interface);
  if (!wire) return fail_usage(wire.error().message);

  std::signal(SIGINT, ask_stop);
  std::signal(SIGTERM, ask_stop);
  const RunResult run = simulate(options, **wire, std::move(pis));
  std::fputs((options.json ? render_json(run) : render_table(run, options.verbose)).c_str(), stdout);
  const double success = static_cast<double>(run.booted()) / static_cast<double>(run.nodes.size());
  const bool good = success >= options.min_success && !run.interrupted && (!options.strict || !run.has_fault());
  return good ? 0 : kExitFailed;
}
