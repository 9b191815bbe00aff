// phatgoose predict: rows in, answers out, as they come.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <iosfwd>
#include <optional>
#include <string>

#include "phatgoose/eval/predictor.h"
#include "phatgoose/settings/predict.h"

namespace phatgoose {

struct PredictPlan {
  fs::path base;
  Adaptation adaptation;
  bool allow_partial = false;
  std::optional<std::string> encoder = {};  ///< directory of the sentence encoder, for a router that compares inputs
  PredictorRules rules = {};                ///< explanations are for a routed model that weights experts
  std::string input = "-";                  ///< file, or "-" for the descriptor
  std::string format = "auto";              ///< of the input: auto, text, jsonl
  std::size_t line_limit = kMaxLineBytes;
  std::int64_t pass_rows = 16;  ///< at most so many rows at once, and only those that are there already
  bool json = false;            ///< one JSON object per answer
  bool explains_tokens = false;
};

/// Where rows come from, where answers go to.
struct PredictStreams {
  int input;  ///< a descriptor, read when the plan's input is "-"
  std::ostream& output;
  bool coloured = false;  ///< whether the output shows colours
};

/// Reads the manifest of what is put on the base. Settings that do not fit together or with it: usage
/// error.
PredictPlan plan_predictions(const PredictSettings& settings);

/// Reads rows and writes one line of answer for every line, flushed after every batch. A batch takes only rows that are
/// there already, so a row that comes alone is answered before the next is waited for. What is to be known of the rows
/// is said after the last. A bad row is a bad_data error after the answers to all rows before it.
void predict(const PredictPlan& plan, at::Device device, at::ScalarType dtype, const PredictStreams& streams);

}  // namespace phatgoose
