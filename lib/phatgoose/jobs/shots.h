// The few examples of a task that a model is adapted to.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "phatgoose/base/files.h"
#include "phatgoose/data/records.h"

namespace phatgoose {

/// The rows of a task that examples are drawn from.
struct ShotRows {
  std::string task;
  fs::path file;
  std::vector<Record> records;
};

/// How many examples a sample has.
struct ShotCounts {
  std::optional<std::int64_t> train;  ///< none: all that are not for validation, in all their rows
  std::int64_t valid = 0;
};

/// Indices of records, rising.
struct Shots {
  std::vector<std::int64_t> train, valid;
};

/// Sample number `sample`: the first examples of a random order that depends on the sample and the number of rows only,
/// those to validate on before the others, so that a smaller number is part of a larger one. Of the rows of one example
/// (of one id: its templates) one is drawn. More than there are examples: bad_data.
Shots draw_shots(const ShotRows& rows, const ShotCounts& counts, std::int64_t sample);

/// The lines of these records, as they stand in the file.
std::string lines_of(const ShotRows& rows, const std::vector<std::int64_t>& drawn, std::size_t max_line_bytes);

/// The ids of the examples that these records are of.
std::set<std::string> examples_of(const ShotRows& rows, const std::vector<std::int64_t>& drawn);

}  // namespace phatgoose
