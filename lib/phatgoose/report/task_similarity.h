// How alike tasks are, by the cosines of something that is known of each.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "phatgoose/base/json.h"

namespace phatgoose {

/// Of every two of `rows` vectors [rows, n]: [rows, rows]; NaN where one has length 0.
std::vector<double> cosines(std::span<const float> vectors, std::int64_t rows);

/// A number with six decimals; null for NaN.
Json six_decimals(double number);

/// A matrix [tasks, tasks] as lists of rows of six_decimals().
Json similarity_json(const std::vector<double>& matrix, std::size_t tasks);

/// The same for people: the matrix, or of more tasks than fill two screens those that each is most and least like.
std::string task_similarity_text(const Json& tasks, const Json& matrix);

}  // namespace phatgoose
