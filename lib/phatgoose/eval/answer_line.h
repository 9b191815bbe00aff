// An answer as one line of output (docs/formats.md, Answers).
#pragma once

#include <string>
#include <vector>

#include "phatgoose/eval/predictor.h"

namespace phatgoose {

/// How answers are written.
struct AnswerFormat {
  bool json = false;
  bool tokens = false;             ///< explanations token by token
  bool coloured = false;           ///< on a terminal that has colours
  std::vector<std::string> names;  ///< of the experts, where answers are explained
  const Tokenizer* tokenizer = nullptr;
};

/// Without the line's end. Lines of text can be shown on any terminal; the exact text is in the JSON.
std::string answer_line(const Prediction& prediction, const PredictionRequest& request, const AnswerFormat& format);

}  // namespace phatgoose
