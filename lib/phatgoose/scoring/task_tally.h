// The predictions for a task as far as its scores and their intervals need them: sums for each example, no texts.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "phatgoose/scoring/metric.h"
#include "phatgoose/scoring/template_sums.h"

namespace phatgoose {

class TaskTally {
 public:
  /// `metric`: the name of the one that comes first, as the task's score, where the task has it.
  explicit TaskTally(const Task& task, const std::string& metric = {});

  /// Judges the sample and counts it. Rows come in rising order; another order, a row that comes twice, and a sample
  /// that does not fit the task: bad_data.
  void add(Sample sample);

  const Task& task() const { return task_; }
  /// The first is the task's score.
  const std::vector<Metric>& metrics() const { return metrics_; }
  /// Of each metric.
  const std::vector<ExampleSums>& sums() const { return sums_; }
  /// Of the first metric.
  const TemplateSums& templates() const { return templates_; }
  std::int64_t rows() const { return rows_; }
  std::size_t examples() const { return examples_.size(); }

  /// Over all rows, of the first metric.
  double score() const;
  /// Whether both hold predictions for the same rows: numbers, ids, templates and right answers.
  bool has_rows_of(const TaskTally& other) const { return rows_hash_ == other.rows_hash_; }

 private:
  void note_row(const Sample& sample);

  Task task_;
  std::vector<Metric> metrics_;
  std::vector<ExampleSums> sums_;
  TemplateSums templates_;
  std::unordered_map<std::string, std::size_t> examples_;  // numbers, by id
  std::int64_t rows_ = 0, last_row_ = -1;
  std::string rows_hash_;  // of every row and the hash before it
};

/// One for each task, in order. Shared: a reference row takes over those of experts.
using Tallies = std::vector<std::shared_ptr<const TaskTally>>;

/// The tally of this task; null where there is none.
const TaskTally* find_tally(const Tallies& tallies, const std::string& task);

/// The tallies of a suite while samples come in, in any order of the tasks.
class SuiteTally {
 public:
  /// `metric`: as for TaskTally.
  explicit SuiteTally(const std::vector<Task>& tasks, const std::string& metric = {});

  /// A sample of a task that the suite lacks: bad_data.
  void add(Sample sample);
  /// A task without a sample: bad_data.
  Tallies finish() const;

 private:
  std::vector<std::shared_ptr<TaskTally>> tallies_;
  std::unordered_map<std::string, TaskTally*> by_task_;
};

/// Of samples in any order.
Tallies tally_samples(const std::vector<Task>& tasks, const std::vector<Sample>& samples);

}  // namespace phatgoose
