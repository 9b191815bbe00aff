#include "phatgoose/jobs/training_data.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <numeric>

#include "phatgoose/base/error.h"
#include "phatgoose/base/log.h"
#include "phatgoose/base/numbers.h"
#include "phatgoose/data/batching.h"
#include "phatgoose/data/mixed_order.h"
#include "phatgoose/data/row_encoder.h"
#include "phatgoose/jobs/task_table.h"

namespace phatgoose {

namespace {

/// A file of empty targets teaches nothing but to be silent; more likely its rows have other keys.
void check_targets(const RowNotes& notes, std::int64_t rows, const std::string& path) {
  if (notes.count(RowNote::empty_target) < rows) return;
  refuse(path, fmt::format("all {} targets are empty", rows), "rows to learn from: {\"input\": ..., \"target\": ...}");
}

void log_rows(const char* purpose, const std::vector<Example>& examples, const RowNotes& notes) {
  log_info(fmt::format("{} rows: {}, of {} tokens; cut: {} inputs, {} targets", purpose, grouped(std::ssize(examples)),
                       grouped(token_count(examples)), grouped(notes.count(RowNote::cut_input)),
                       grouped(notes.count(RowNote::cut_target))));
}

/// Rows of each task.
std::vector<std::int64_t> sizes_of_tasks(const std::vector<Example>& examples) {
  std::vector<std::int64_t> sizes(static_cast<std::size_t>(examples.back().task + 1));
  for (const Example& example : examples) ++sizes[static_cast<std::size_t>(example.task)];
  return sizes;
}

void log_shares(const std::vector<std::int64_t>& sizes, const Mixing& mixing) {
  const std::vector<std::int64_t> shares = mixing_shares(sizes, mixing);
  const auto all = static_cast<double>(std::reduce(shares.begin(), shares.end()));
  const auto [least, most] = std::ranges::minmax(shares);
  log_info(fmt::format("{} data sets with {} rows in total; shares of the training from {:.2f} % to {:.2f} %",
                       sizes.size(), std::reduce(sizes.begin(), sizes.end()), 100 * static_cast<double>(least) / all,
                       100 * static_cast<double>(most) / all));
}

/// Takes out the rows that have choices, but the right answer not among them, and adds them to `skipped`.
void skip_undecided(std::vector<Record>& records, const std::string& path, SkippedRows& skipped) {
  SkippedRows undecided;
  std::erase_if(records, [&](const Record& record) {
    if (!record.has_choices()) return false;
    try {
      right_choices(record);
      return false;
    } catch (const Error& error) {
      undecided.add({.line = record.line, .message = error.what()});
      return true;
    }
  });
  undecided.warn(path);
  skipped.add(undecided);
  if (records.empty()) refuse(path, "no row with the right answer among its choices");
}

}  // namespace

bool TrainingData::valid_rows_have_choices() const {
  return std::ranges::all_of(
      valid_files, [](const ValidationFile& file) { return std::ranges::all_of(file.records, &Record::has_choices); });
}

Json TrainingData::rows_json() const {
  const auto of = [](const std::vector<Example>& examples, const RowNotes& notes,
                     const SkippedByFile& skipped) -> Json {
    std::int64_t count = 0;
    Json bad_rows = Json::object();
    for (const auto& [file, rows] : skipped) {
      count += rows.count();
      bad_rows[file] = rows.to_json();
    }
    return {{"rows", examples.size()},
            {"skipped_rows", count},
            {"bad_rows", std::move(bad_rows)},
            {"with", notes.to_json()}};
  };
  Json json = {{"train", of(train, train_notes, train_skipped)}};
  if (!valid.empty()) json["valid"] = of(valid, valid_notes, valid_skipped);
  return json;
}

TrainingData read_training_data(const DataSettings& settings, const fs::path& model, const T5Config& config,
                                const RowsAsked& asked) {
  TrainingData data;
  data.max_input = settings.max_input;
  if (auto tokenizer = Tokenizer::of_base(model, config.vocab_size)) {
    data.tokenizer = std::make_shared<Tokenizer>(std::move(*tokenizer));
  }
  // The rows of one file, put after `examples`; `number` says which task each is of.
  const auto read = [&](const std::string& path, std::vector<Example>& examples, RowNotes& notes,
                        SkippedByFile& skipped_by_file, const std::function<std::int64_t(const Record&)>& number) {
    SkippedRows skipped;
    std::vector<Record> records =
        read_records(path, settings.reading.line_limit(), settings.reading.skip_bad_rows ? &skipped : nullptr);
    if (asked.choices && settings.reading.skip_bad_rows) skip_undecided(records, path, skipped);
    RowEncoder encoder(data.tokenizer.get(), config.vocab_size);
    in(path, [&] {
      std::vector<Example> encoded =
          encode_rows(records, encoder, settings.max_input, settings.max_target, asked.choices);
      for (std::size_t i = 0; i < records.size(); ++i) {
        encoded[i].task = number(records[i]);
        examples.push_back(std::move(encoded[i]));
      }
    });
    encoder.notes().warn(path, std::ssize(records));
    notes.add(encoder.notes());
    if (skipped.count() > 0) skipped_by_file[path].add(skipped);
    return records;
  };
  TaskTable tasks(asked.tasks && asked.tasks->by_template);
  for (std::size_t file = 0; file < settings.data.size(); ++file) {
    const std::string& path = settings.data[file];
    RowNotes notes;
    const std::vector<Record> records =
        read(path, data.train, notes, data.train_skipped, [&](const Record& record) -> std::int64_t {
          return asked.tasks ? tasks.training_number(asked.tasks->of_data[file], record)
                             : static_cast<std::int64_t>(file);
        });
    check_targets(notes, std::ssize(records), path);
    data.train_notes.add(notes);
  }
  std::ranges::stable_sort(data.train, {}, &Example::task);
  for (std::size_t file = 0; file < settings.valid.size(); ++file) {
    ValidationFile& valid = data.valid_files.emplace_back(ValidationFile{.path = settings.valid[file], .records = {}});
    valid.records = read(valid.path, data.valid, data.valid_notes, data.valid_skipped, [&](const Record& record) {
      if (!asked.tasks) return std::int64_t{0};
      return valid.tasks.emplace_back(tasks.known_number(asked.tasks->of_valid[file], record));
    });
  }
  data.tasks = tasks.names();
  log_rows("training", data.train, data.train_notes);
  if (!data.valid.empty()) log_rows("validation", data.valid, data.valid_notes);
  return data;
}

EpochSource training_source(const TrainingData& data, const DataSettings& settings, std::int64_t batch,
                            std::uint64_t seed) {
  const Mixing mixing{.equal = settings.mix == "equal", .cap = settings.mix_cap};
  const std::vector<std::int64_t> sizes = sizes_of_tasks(data.train);
  if (sizes.size() > 1) log_shares(sizes, mixing);
  return {data.train, batch, make_row_order(sizes, mixing, seed, settings.shuffle)};
}

}  // namespace phatgoose
