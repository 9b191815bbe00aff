#include "phatgoose/data/descriptions.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "phatgoose/base/error.h"
#include "phatgoose/base/json.h"
#include "phatgoose/base/nearest.h"
#include "phatgoose/base/shell.h"
#include "phatgoose/data/records.h"
#include "phatgoose/text/line_reader.h"
#include "phatgoose/text/unicode.h"

namespace phatgoose {
namespace {

const std::vector<std::string>& description_keys() {
  static const std::vector<std::string> keys = {"task",  "row",    "text",     "source",
                                                "model", "prompt", "examples", "made_from"};
  return keys;
}

void check_description_keys(const Json& line) {
  if (!line.is_object()) refuse_here(std::string("a JSON ") + line.type_name(), "an object with \"task\" and \"text\"");
  const std::vector<std::string>& keys = description_keys();
  for (const auto& [key, value] : line.items()) {
    if (std::ranges::find(keys, key) != keys.end()) continue;
    refuse_here("the key \"" + key + "\"", fmt::format("some of {}", fmt::join(keys, ", ")), did_you_mean(key, keys));
  }
}

std::string text_not_empty(const Json& line, const std::string& key) {
  const auto text = json_get<std::string>(line, key);
  if (strip(text).empty()) refuse_here("an empty \"" + key + "\"", "text");
  return text;
}

Description parse_description(const std::string& text) {
  const Json line = parse_json_line(text);
  check_description_keys(line);
  Description description{.task = text_not_empty(line, "task"), .text = text_not_empty(line, "text")};
  if (line.contains("row")) {
    description.row = json_get<std::int64_t>(line, "row");
    if (*description.row < 0) refuse_here(fmt::format("the row {}", *description.row), "a place counted from 0");
  }
  description.source = json_get_or<std::string>(line, "source", "");
  description.model = json_get_or<std::string>(line, "model", "");
  description.prompt = json_get_or<std::string>(line, "prompt", "");
  description.examples = json_get_or<std::vector<std::string>>(line, "examples", {});
  description.made_from = json_get_or<std::string>(line, "made_from", "");
  return description;
}

/// Without what is not known.
Json to_line(const Description& description) {
  Json line{{"task", description.task}};
  if (description.row) line["row"] = *description.row;
  line["text"] = description.text;
  if (!description.source.empty()) line["source"] = description.source;
  if (!description.model.empty()) line["model"] = description.model;
  if (!description.prompt.empty()) line["prompt"] = description.prompt;
  if (!description.examples.empty()) line["examples"] = description.examples;
  if (!description.made_from.empty()) line["made_from"] = description.made_from;
  return line;
}

std::string subject(const std::string& task, const std::optional<std::int64_t>& row) {
  return row ? fmt::format("row {} of task \"{}\"", *row, task) : fmt::format("task \"{}\"", task);
}

}  // namespace

Descriptions Descriptions::read(const fs::path& path) {
  Descriptions descriptions;
  descriptions.path_ = path;
  LineReader lines(path);
  for (std::string line; lines.next(line);) {
    if (!make_row(line)) continue;
    in(lines.where(), [&] {
      Description description = parse_description(line);
      if (descriptions.find(description.task, description.row) != nullptr) {
        refuse_here("a second description of " + subject(description.task, description.row), "one");
      }
      descriptions.put(std::move(description));
    });
  }
  return descriptions;
}

void Descriptions::write(const fs::path& path) const {
  AtomicFile file(path);
  for (const Description& description : all_) file.write(to_line(description).dump() + "\n");
  file.commit();
}

void Descriptions::put(Description description) {
  const auto [place, is_new] = places_.try_emplace({description.task, description.row}, all_.size());
  if (is_new) {
    all_.push_back(std::move(description));
  } else {
    all_[place->second] = std::move(description);
  }
}

const Description* Descriptions::find(const std::string& task, std::optional<std::int64_t> row) const {
  const auto found = places_.find({task, row});
  return found == places_.end() ? nullptr : &all_[found->second];
}

const std::string& Descriptions::of(const std::string& task, std::int64_t row) const {
  const Description* description = find(task, row);
  if (description == nullptr) description = find(task);
  if (description != nullptr) return description->text;
  const std::string file = path_.empty() ? "FILE, for --descriptions FILE" : shell_word(path_.string());
  refuse(path_.string(), "no description of " + subject(task, row), "one of the row or of its task",
         fmt::format("phatgoose describe --source rule --suite SUITE --tasks {} --out {}", shell_word(task), file));
}

}  // namespace phatgoose
