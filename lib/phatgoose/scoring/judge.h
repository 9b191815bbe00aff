// Whether a prediction is right (METHODS: scoring).
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "phatgoose/scoring/sample.h"

namespace phatgoose {

/// Index of the choice with the largest log-likelihood, per token when `length_normalise`; ties: the lowest (METHODS
/// 9). `log_likelihoods` are sums over `num_tokens` tokens each, and not empty. One that is not finite: diverged, at
/// `where`.
std::int64_t best_choice(std::span<const double> log_likelihoods, std::span<const std::int64_t> num_tokens,
                         bool length_normalise, const std::string& where);

/// Rank classification: whether the best choice is a right one.
bool chooses_right(const Sample& sample, bool length_normalise);

/// Sets `prediction` (rank classification: best_choice()) and `correct`.
void judge(Sample& sample, bool length_normalise);

}  // namespace phatgoose
