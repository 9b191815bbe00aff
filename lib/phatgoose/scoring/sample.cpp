#include "phatgoose/scoring/sample.h"

#include <algorithm>

#include "phatgoose/base/error.h"
#include "phatgoose/text/line_reader.h"

namespace phatgoose {
namespace {

/// Reads a field that holds text, or a list of ids for rows of ids.
void read_text_or_ids(const Json& row, const std::string& key, std::string& text, TokenIds& ids) {
  const auto member = row.find(key);
  if (member != row.end() && member->is_array()) {
    ids = json_get<TokenIds>(row, key);
  } else {
    text = json_get<std::string>(row, key);
  }
}

void read_choice_fields(const Json& row, Sample& sample) {
  sample.log_likelihoods = json_get<std::vector<double>>(row, "log_likelihoods");
  sample.num_tokens = json_get<std::vector<std::int64_t>>(row, "num_tokens");
  sample.right = json_get<std::vector<std::int64_t>>(row, "right");
  sample.prediction = json_get<std::int64_t>(row, "prediction");
  const auto choices = static_cast<std::int64_t>(sample.log_likelihoods.size());
  const auto is_choice = [&](std::int64_t index) { return index >= 0 && index < choices; };
  if (sample.num_tokens.size() != sample.log_likelihoods.size()) {
    refuse_here(std::to_string(sample.num_tokens.size()) + " \"num_tokens\"",
                "as many as \"log_likelihoods\", " + std::to_string(choices));
  }
  if (std::any_of(sample.num_tokens.begin(), sample.num_tokens.end(), [](std::int64_t n) { return n < 1; })) {
    refuse_here("\"num_tokens\" below 1", "at least one token a choice");
  }
  if (sample.right.empty() || !std::all_of(sample.right.begin(), sample.right.end(), is_choice) ||
      !is_choice(sample.prediction)) {
    refuse_here("\"right\" or \"prediction\" names no choice", "indices from 0 to " + std::to_string(choices - 1));
  }
}

Sample parse_sample(std::string_view line) {
  const Json row = parse_json_line(line);
  Sample sample;
  sample.task = json_get<std::string>(row, "task");
  sample.row = json_get<std::int64_t>(row, "row");
  sample.id = json_get<std::string>(row, "id");
  sample.template_name = json_get_or<std::string>(row, "template", "");
  read_text_or_ids(row, "target", sample.target, sample.target_ids);
  sample.targets = json_get_or<std::vector<std::string>>(row, "targets", {});
  if (row.contains("output")) {
    read_text_or_ids(row, "output", sample.output, sample.output_ids);
  } else {
    read_choice_fields(row, sample);
  }
  sample.correct = json_get<bool>(row, "correct");
  return sample;
}

}  // namespace

std::vector<std::string> Sample::answers() const {
  std::vector<std::string> all = {target};
  for (const std::string& other : targets) {
    if (std::find(all.begin(), all.end(), other) == all.end()) all.push_back(other);
  }
  return all;
}

Sample sample_of(const Record& record, const Task& task, std::int64_t row) {
  Sample sample;
  sample.task = task.name;
  sample.row = row;
  sample.id = record.id;
  sample.template_name = record.template_name;
  sample.target = record.target;
  sample.targets = record.targets;
  sample.target_ids = record.target_ids;
  if (task.kind == TaskKind::rank_classification) sample.right = right_choices(record);
  return sample;
}

Json to_json(const Sample& sample) {
  const auto text_or_ids = [&](const std::string& text, const TokenIds& ids) {
    return sample.has_ids() ? Json(ids) : Json(text);
  };
  Json row = {{"task", sample.task}, {"row", sample.row}, {"id", sample.id}};
  if (!sample.template_name.empty()) row["template"] = sample.template_name;
  if (sample.has_choices()) {
    row["log_likelihoods"] = sample.log_likelihoods;
    row["num_tokens"] = sample.num_tokens;
    row["prediction"] = sample.prediction;
    row["right"] = sample.right;
  } else {
    row["output"] = text_or_ids(sample.output, sample.output_ids);
  }
  row["target"] = text_or_ids(sample.target, sample.target_ids);
  if (!sample.targets.empty()) row["targets"] = sample.targets;
  row["correct"] = sample.correct;
  return row;
}

void write_samples(const fs::path& path, const std::vector<Sample>& samples) {
  AtomicFile file(path);
  for (const Sample& sample : samples) {
    file.write(to_json(sample).dump(-1, ' ', false, Json::error_handler_t::replace) + "\n");
  }
  file.commit();
}

void read_samples(const fs::path& path, const std::function<void(Sample)>& take) {
  LineReader reader(path, std::string::npos);  // our own file
  std::string line;
  while (reader.next(line)) in(reader.where(), [&] { take(parse_sample(line)); });
}

std::vector<Sample> read_samples(const fs::path& path) {
  std::vector<Sample> samples;
  read_samples(path, [&](Sample sample) { samples.push_back(std::move(sample)); });
  return samples;
}

}  // namespace phatgoose
