// inspect for people: the JSON of inspect_directory as lines and tables.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "phatgoose/base/numbers.h"
#include "phatgoose/base/utf8.h"
#include "phatgoose/report/comparison_table.h"
#include "phatgoose/report/inspection.h"
#include "phatgoose/report/inspection_folder.h"
#include "phatgoose/report/inspection_modular.h"
#include "phatgoose/report/inspection_task_moe.h"
#include "phatgoose/report/similarity.h"
#include "phatgoose/report/table.h"
#include "phatgoose/report/task_similarity.h"

namespace phatgoose {
namespace {

/// "T5 v1.1", "0.25", "8, 16", "q 6, wo 4"; "none" for null and empty values.
std::string plain(const Json& value) {
  if (value.is_string()) return printable(value.get<std::string>());
  if (value.is_boolean()) return value.get<bool>() ? "yes" : "no";
  if (value.is_null() || (value.is_structured() && value.empty())) return "none";
  if (!value.is_structured()) return value.dump();
  std::string text;
  for (const auto& [key, entry] : value.items()) {
    text += text.empty() ? "" : ", ";
    text += value.is_object() ? printable(key) + " " + plain(entry) : plain(entry);
  }
  return text;
}

/// Keys that tables show, or that say the same as another line.
bool is_shown_elsewhere(const std::string& key) {
  constexpr std::array<std::string_view, 11> kKeys = {"experts",     "results",      "similarity", "comparison",
                                                      "directories", "lengths",      "bad",        "task_similarity",
                                                      "layers",      "mixed_layers", "routes"};
  return std::ranges::find(kKeys, key) != kKeys.end();
}

/// "2: zoo, station"; of many names the first few.
std::string counted_names(const Json& names) {
  constexpr std::size_t kShownCharacters = 70;
  std::string text = std::to_string(names.size());
  for (const Json& name : names) {
    if (text.size() > kShownCharacters) return text + ", ...";
    text += (&name == &names.front() ? ": " : ", ") + plain(name);
  }
  return text;
}

std::string value_text(const std::string& key, const Json& value) {
  if (key == "tasks") return counted_names(value);
  const bool is_count = value.is_number_integer() && (key.ends_with("parameters") || key == "vocabulary");
  return is_count ? grouped(value.get<std::int64_t>()) : plain(value);
}

std::string lines_of(const Json& inspection) {
  std::size_t width = 0;
  for (const auto& [key, value] : inspection.items()) {
    if (!is_shown_elsewhere(key)) width = std::max(width, key.size());
  }
  std::string text;
  for (const auto& [key, value] : inspection.items()) {
    if (is_shown_elsewhere(key)) continue;
    std::string label = key;
    std::replace(label.begin(), label.end(), '_', ' ');
    text += fmt::format("{:<{}}  {}\n", label, width, value_text(key, value));
  }
  return text;
}

std::string expert_table(const Json& experts) {
  Table table({"expert", "enabled", "present", "partial", "path"});
  for (const Json& expert : experts) {
    table.add({plain(expert["name"]), plain(expert["enabled"]), plain(expert["present"]), plain(expert["partial"]),
               plain(expert["path"])});
  }
  return table.text();
}

std::string task_table(const Json& results) {
  Table table({"task", "metric", "score", "95 % interval", "rows"}, {2, 3, 4});
  const auto add = [&](const Json& name, const MetricScore& score, const std::string& rows) {
    table.add({plain(name), score.metric, score_text(score), interval_text(score.interval), rows});
  };
  for (const Json& task : results["tasks"]) add(task["name"], read_score(task, ""), plain(task["rows"]));
  table.add_rule();
  add(results["suite"], read_score(results, "mean"), "");
  return table.text();
}

}  // namespace

std::string inspection_text(const Json& inspection) {
  std::string text;
  if (inspection.at("kind") == "folder") {
    text = lines_of(inspection) + "\n" + folder_text(inspection);
  } else if (inspection.contains("directories")) {
    for (const Json& one : inspection["directories"]) text += (text.empty() ? "" : "\n") + inspection_text(one);
  } else {
    text = lines_of(inspection);
  }
  if (inspection.contains("task_similarity")) {
    text += "\n" + task_similarity_text(inspection["tasks"], inspection["task_similarity"]);
  }
  if (inspection.contains("layers")) text += "\n" + layer_skills_text(inspection["layers"]);
  if (inspection.contains("routes")) text += "\n" + task_moe_text(inspection);
  if (inspection.at("kind") == "rows") text += row_check_text(inspection);
  if (inspection.contains("experts")) text += "\n" + expert_table(inspection["experts"]);
  if (inspection.contains("comparison")) {
    text += "\n" + comparison_table(comparison_of(inspection["comparison"])).text();
  }
  if (inspection.contains("results")) text += "\n" + task_table(inspection["results"]);
  if (inspection.contains("similarity")) text += "\n" + similarity_text(inspection["similarity"]);
  return text;
}

}  // namespace phatgoose
