#include "phatgoose/report/inspection_folder.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>

#include "phatgoose/base/utf8.h"
#include "phatgoose/report/table.h"
#include "phatgoose/store/manifest.h"

namespace phatgoose {
namespace {

constexpr std::array kKnownFiles = {"manifest.json", "adapter_config.json", "run.json",
                                    "results.json",  "comparison.json",     "config.json"};

std::string name_of_directory(const Json& entry) {
  return fs::path(entry.at("path").get<std::string>()).filename().string();
}

std::string score_cell(const Json& score) { return fmt::format("{:.1f}", score.at("score").get<double>()); }

std::string interval_cell(const Json& score) {
  return interval_text({score.at("interval")[0].get<double>(), score.at("interval")[1].get<double>()});
}

/// "8 16": the entries of a list, or the keys of an object.
std::string list_cell(const Json& list) {
  std::vector<std::string> texts;
  for (const auto& [key, value] : list.items()) {
    texts.push_back(list.is_object() ? key : value.is_string() ? value.get<std::string>() : value.dump());
  }
  return fmt::format("{}", fmt::join(texts, " "));
}

std::string gate_cell(const Json& expert) {
  if (expert.value("joint_gate", false)) return "joint";
  return expert.at("gate").get<bool>() ? "yes" : "no";
}

void add_expert_row(const Json& expert, Table& table) {
  const Json& base = expert.at("base");
  table.add({expert.at("name").get<std::string>(), list_cell(expert.at("ranks")), list_cell(expert.at("adapts")),
             list_cell(expert.at("dtypes")), gate_cell(expert),
             base.is_null() ? "-" : base.at("fingerprint").get<std::string>()});
}

void add_result_row(const Json& entry, Table& table) {
  const Json& results = entry.at("results");
  table.add({name_of_directory(entry), results.at("suite").get<std::string>(), score_cell(results),
             interval_cell(results), std::to_string(results.at("tasks").size())});
}

void add_comparison_rows(const Json& entry, Table& table) {
  const Json& comparison = entry.at("comparison");
  for (const Json& method : comparison.at("methods")) {
    const Json& difference = method.at("difference");
    table.add({name_of_directory(entry), method.at("name").get<std::string>(), score_cell(method.at("mean")),
               interval_cell(method.at("mean")), comparison.at("reference").get<std::string>(),
               difference.is_null() ? "" : fmt::format("{:+.1f}", difference.at("score").get<double>()),
               difference.is_null() ? "" : interval_cell(difference)});
  }
}

/// The table of all entries of a kind; empty where there is none.
template <typename AddRows>
std::string table_of(const Json& entries, const std::string& kind, Table table, AddRows add_rows) {
  bool any = false;
  for (const Json& entry : entries) {
    if (entry.at("kind") != kind) continue;
    add_rows(entry, table);
    any = true;
  }
  return any ? table.text() : "";
}

}  // namespace

std::vector<fs::path> known_directories(const fs::path& folder) {
  std::vector<fs::path> directories;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder, error)) {
    const bool known = std::ranges::any_of(kKnownFiles, [&](const char* file) { return is_file(entry.path() / file); });
    if (known) directories.push_back(entry.path());
  }
  std::ranges::sort(directories);
  return directories;
}

std::string folder_text(const Json& folder) {
  const Json& entries = folder.at("directories");
  const Table experts({"expert", "rank", "targets", "dtype", "gate", "base"}, {1});
  const Table results({"method", "suite", "mean", "95 % interval", "tasks"}, {2, 3, 4});
  const Table comparisons({"comparison", "method", "mean", "95 % interval", "against", "difference", "95 % interval"},
                          {2, 3, 5, 6});
  std::string text;
  for (const std::string& table : {table_of(entries, kExpertKind, experts, add_expert_row),
                                   table_of(entries, kResultsKind, results, add_result_row),
                                   table_of(entries, "comparison", comparisons, add_comparison_rows)}) {
    if (!table.empty()) text += (text.empty() ? "" : "\n") + table;
  }
  Table others({"directory", "kind"});
  bool any = false;
  for (const Json& entry : entries) {
    const auto kind = entry.at("kind").get<std::string>();
    if (kind == kExpertKind || kind == kResultsKind || kind == "comparison") continue;
    others.add({name_of_directory(entry), kind});
    any = true;
  }
  if (any) text += (text.empty() ? "" : "\n") + others.text();
  return text;
}

}  // namespace phatgoose
