// SPDX-License-Identifier: Apache-2.0
#include "node-agent/collectors/edac.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/host_files.h"
#include "common/text.h"

namespace piman::agent {
namespace {

using prom_text::Family;
using prom_text::Type;

struct Row {
  std::string name;  ///< "0", or "unknown" for errors that no row is known of
  std::uint64_t correctable = 0, uncorrectable = 0;
};
struct Controller {
  std::string number;
  std::uint64_t correctable = 0, uncorrectable = 0;
  std::vector<Row> rows;
};

/// The number in "mc0" or "csrow12"; nothing for other names.
std::optional<std::string_view> number_after(std::string_view prefix, std::string_view name) {
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  if (!name.starts_with(prefix)) return std::nullopt;
  name.remove_prefix(prefix.size());
  std::size_t digits = 0;
  while (digits < name.size() && is_digit(name[digits])) ++digits;
  if (digits == 0) return std::nullopt;
  return name.substr(0, digits);
}

class EdacCollector final : public Collector {
 public:
  explicit EdacCollector(const CollectorContext& context) : directory_(context.paths.sys("devices/system/edac/mc")) {}

  Result<Outcome> collect(prom_text::Writer& out) override {
    const auto names = list_host_directory(directory_);
    // Without such hardware there is nothing to count, which is good news and no failure.
    if (!names) return Outcome::kNone;
    std::vector<Controller> controllers;
    std::optional<Error> problem;
    for (const std::string& name : *names) {
      const auto number = number_after("mc", name);
      if (!number) continue;
      auto controller = read_controller(concat(directory_, '/', name), *number);
      if (controller) {
        controllers.push_back(std::move(*controller));
      } else if (!problem) {
        problem = controller.error();
      }
    }
    write(controllers, out);
    if (problem) return tl::unexpected<Error>(*problem);
    return Outcome::kCollected;
  }

 private:
  static Result<Controller> read_controller(const std::string& directory, std::string_view number) {
    Controller controller;
    controller.number = number;
    Row unknown;
    unknown.name = "unknown";
    for (const auto& [file, value] :
         {Field{"ce_count", &controller.correctable}, Field{"ce_noinfo_count", &unknown.correctable},
          Field{"ue_count", &controller.uncorrectable}, Field{"ue_noinfo_count", &unknown.uncorrectable}}) {
      if (auto error = read_number(concat(directory, '/', file), *value)) return tl::unexpected<Error>(*error);
    }
    const auto names = list_host_directory(directory);
    if (!names) return fail(names.error().message);
    for (const std::string& name : *names) {
      const auto row_number = number_after("csrow", name);
      if (!row_number) continue;
      Row row;
      row.name = *row_number;
      for (const auto& [file, value] : {Field{"ce_count", &row.correctable}, Field{"ue_count", &row.uncorrectable}}) {
        if (auto error = read_number(concat(directory, '/', name, '/', file), *value)) {
          return tl::unexpected<Error>(*error);
        }
      }
      controller.rows.push_back(std::move(row));
    }
    controller.rows.push_back(std::move(unknown));
    return controller;
  }

  static std::optional<Error> read_number(const std::string& path, std::uint64_t& value) {
    const auto content = read_host_file(path);
    if (!content) return content.error();
    const auto number = parse_u64(trim(*content));
    if (!number) return Error{concat(path, ": no number: ", quote(*content))};
    value = *number;
    return std::nullopt;
  }

  void write(const std::vector<Controller>& controllers, prom_text::Writer& out) const {
    const auto totals = [&](const Family& family, std::uint64_t Controller::*value) {
      out.family(family);
      for (const Controller& controller : controllers) {
        out.sample({{"controller", controller.number}}, controller.*value);
      }
    };
    const auto rows = [&](const Family& family, std::uint64_t Row::*value) {
      out.family(family);
      for (const Controller& controller : controllers) {
        for (const Row& row : controller.rows) {
          out.sample({{"controller", controller.number}, {"csrow", row.name}}, row.*value);
        }
      }
    };
    totals(correctable_, &Controller::correctable);
    rows(row_correctable_, &Row::correctable);
    rows(row_uncorrectable_, &Row::uncorrectable);
    totals(uncorrectable_, &Controller::uncorrectable);
  }

  struct Field {
    std::string_view file;
    std::uint64_t* value;
  };

  std::string directory_;
  const Family correctable_{"node_edac_correctable_errors_total", Type::kCounter,
                            "Memory errors that the controller corrected."};
  const Family row_correctable_{"node_edac_csrow_correctable_errors_total", Type::kCounter,
                                "Memory errors in a row of chips that were corrected."};
  const Family row_uncorrectable_{"node_edac_csrow_uncorrectable_errors_total", Type::kCounter,
                                  "Memory errors in a row of chips that could not be corrected."};
  const Family uncorrectable_{"node_edac_uncorrectable_errors_total", Type::kCounter,
                              "Memory errors that the controller could not correct."};
};

}  // namespace

Result<std::unique_ptr<Collector>> make_edac_collector(const CollectorContext& context) {
  return std::make_unique<EdacCollector>(context);
}

}  // namespace piman::agent
