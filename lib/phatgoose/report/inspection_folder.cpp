#include "phatgoose/report/inspection_folder.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "phatgoose/base/files.h"
#include "phatgoose/report/comparison.h"
#include "phatgoose/report/table.h"
#include "phatgoose/store/manifest.h"

namespace phatgoose {
namespace {

std::string name_of_directory(const Json& entry) {
  return fs::path(entry.at("path").get<std::string>()).filename().string();
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

void add_modular_row(const Json& adapter, Table& table) {
  const Json& base = adapter.at("base");
  const auto cell = [&](const char* key) { return adapter.at(key).dump(); };
  table.add({adapter.at("name").get<std::string>(), adapter.at("method").get<std::string>(), cell("rank"),
             cell("skills"), cell("splits"), cell("order"), std::to_string(adapter.at("tasks").size()),
             list_cell(adapter.at("adapts")), base.is_null() ? "-" : base.at("fingerprint").get<std::string>()});
}

void add_result_row(const Json& entry, Table& table) {
  const Json& results = entry.at("results");
  const MetricScore mean = read_score(results, "mean");
  table.add({name_of_directory(entry), results.at("suite").get<std::string>(), score_text(mean),
             interval_text(mean.interval), std::to_string(results.at("tasks").size())});
}

void add_comparison_rows(const Json& entry, Table& table) {
  const Comparison comparison = comparison_of(entry.at("comparison"));
  for (const Comparison::Row& row : comparison.rows) {
    table.add({name_of_directory(entry), row.method, score_text(row.mean), interval_text(row.mean.interval),
               comparison.reference, row.difference ? signed_text(row.difference->score) : "",
               row.difference ? interval_text(row.difference->interval) : ""});
  }
}

}  // namespace

std::string folder_text(const Json& folder) {
  Table experts({"expert", "rank", "targets", "dtype", "gate", "base"}, {1});
  Table adapters({"adapter", "method", "rank", "skills", "splits", "order", "tasks", "targets", "base"},
                 {2, 3, 4, 5, 6});
  Table results({"method", "suite", "mean", "95 % interval", "tasks"}, {2, 3, 4});
  Table comparisons({"comparison", "method", "mean", "95 % interval", "against", "difference", "95 % interval"},
                    {2, 3, 5, 6});
  Table others({"directory", "kind"});
  for (const Json& entry : folder.at("directories")) {
    const auto kind = entry.at("kind").get<std::string>();
    if (kind == kExpertKind) {
      add_expert_row(entry, experts);
    } else if (kind == kModularKind) {
      add_modular_row(entry, adapters);
    } else if (kind == kResultsKind) {
      add_result_row(entry, results);
    } else if (kind == "comparison") {
      add_comparison_rows(entry, comparisons);
    } else {
      others.add({name_of_directory(entry), kind});
    }
  }
  std::string text;
  for (const Table* table : {&experts, &adapters, &results, &comparisons, &others}) {
    if (!table->empty()) text += (text.empty() ? "" : "\n") + table->text();
  }
  return text;
}

}  // namespace phatgoose
