// The rows of a task by template, for the scores of each.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "phatgoose/scoring/bootstrap.h"

namespace phatgoose {

/// The statistics of one metric, row by row, with the row's example and template. Templates are numbered in the order
/// of their first rows.
class TemplateSums {
 public:
  explicit TemplateSums(std::size_t width) : width_(width) {}

  void add(std::size_t example, const std::string& name, std::span<const double> statistics);

  /// The number of every template, by name.
  const std::map<std::string, std::size_t>& numbers() const { return numbers_; }
  /// How many rows each template has.
  std::vector<std::int64_t> rows() const;
  /// How many different examples.
  std::vector<std::int64_t> examples() const;
  /// The score of each over a resample; NaN for one of which it has no row.
  std::vector<double> scores(DrawCounts counts, const ScoreOf& score_of) const;

 private:
  struct Row {
    std::size_t place, example;  // place: number of the template
    auto operator<=>(const Row&) const = default;
  };

  std::size_t width_;
  std::map<std::string, std::size_t> numbers_;
  std::vector<Row> rows_;
  std::vector<double> statistics_;  // [rows, width]
};

}  // namespace phatgoose
