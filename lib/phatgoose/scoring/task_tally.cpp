#include "phatgoose/scoring/task_tally.h"

#include <algorithm>

#include "phatgoose/base/error.h"
#include "phatgoose/base/json.h"
#include "phatgoose/scoring/judge.h"

namespace phatgoose {
namespace {

std::vector<Metric> metrics_from(const Task& task, const std::string& first) {
  std::vector<Metric> metrics = metrics_of(task);
  const auto found = std::ranges::find(metrics, first, &Metric::name);
  if (found != metrics.end()) std::rotate(metrics.begin(), found, found + 1);
  return metrics;
}

std::string hash_of(const std::string& text) {
  return content_hash(std::as_bytes(std::span(text.data(), text.size())));
}

}  // namespace

TaskTally::TaskTally(const Task& task, const std::string& metric)
    : task_(task), metrics_(metrics_from(task, metric)), templates_(metrics_.front().width) {
  for (const Metric& each : metrics_) sums_.emplace_back(each.width);
}

void TaskTally::add(Sample sample) {
  if (sample.row <= last_row_) {
    refuse(sample.place(), "comes after row " + std::to_string(last_row_), "every row once, in order");
  }
  check_fits(sample, task_);
  judge(sample, task_.length_normalise);
  note_row(sample);
  const std::size_t example = examples_.emplace(sample.id, examples_.size()).first->second;
  for (std::size_t i = 0; i < metrics_.size(); ++i) {
    const Statistics statistics = metrics_[i].statistics(sample);
    sums_[i].add(example, statistics);
    if (i == 0) templates_.add(example, sample.template_name, statistics);
  }
}

void TaskTally::note_row(const Sample& sample) {
  ++rows_;
  last_row_ = sample.row;
  const Json row = {rows_hash_,    sample.row,     sample.id,         sample.template_name,
                    sample.target, sample.targets, sample.target_ids, sample.right};
  rows_hash_ = hash_of(row.dump(-1, ' ', false, Json::error_handler_t::replace));
}

double TaskTally::score() const { return metrics_.front().score_of(sums_.front().total()); }

const TaskTally* find_tally(const Tallies& tallies, const std::string& task) {
  const auto found = std::ranges::find(tallies, task, [](const auto& tally) { return tally->task().name; });
  return found == tallies.end() ? nullptr : found->get();
}

SuiteTally::SuiteTally(const std::vector<Task>& tasks, const std::string& metric) {
  for (const Task& task : tasks) {
    tallies_.push_back(std::make_shared<TaskTally>(task, metric));
    by_task_[task.name] = tallies_.back().get();
  }
}

void SuiteTally::add(Sample sample) {
  const auto tally = by_task_.find(sample.task);
  if (tally == by_task_.end()) refuse(sample.place(), "a task that the suite lacks", "one of its tasks");
  tally->second->add(std::move(sample));
}

Tallies SuiteTally::finish() const {
  for (const auto& tally : tallies_) {
    if (tally->rows() == 0) refuse("task " + tally->task().name, "no predictions", "at least one row");
  }
  return {tallies_.begin(), tallies_.end()};
}

Tallies tally_samples(const std::vector<Task>& tasks, const std::vector<Sample>& samples) {
  std::vector<const Sample*> ordered;
  for (const Sample& sample : samples) ordered.push_back(&sample);
  std::ranges::stable_sort(ordered, {}, [](const Sample* sample) { return sample->row; });
  SuiteTally tally(tasks);
  for (const Sample* sample : ordered) tally.add(*sample);
  return tally.finish();
}

}  // namespace phatgoose
