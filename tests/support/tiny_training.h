// A tiny task for the tiny T5, for tests of training.
#pragma once

#include <string>
#include <vector>

#include "phatgoose/base/json.h"
#include "phatgoose/data/records.h"
#include "support/scratch_directory.h"
#include "support/tiny_t5.h"

namespace phatgoose::test {

/// Rows of unequal length whose target is the last token of the input, then EOS: `count` of them from number `first`
/// on.
inline std::vector<Example> tiny_examples(std::int64_t count, std::int64_t first = 0) {
  std::vector<Example> examples;
  for (std::int64_t i = first; i < first + count; ++i) {
    Example example;
    for (std::int64_t j = 0; j < 2 + i * 5 % 7; ++j)
      example.input.push_back(static_cast<TokenId>(3 + (i * 7 + j * 3) % 9));
    example.target = {example.input.back(), kEosId};
    example.input.push_back(kEosId);
    examples.push_back(std::move(example));
  }
  return examples;
}

/// Rows as a data file of token ids, with choices.
inline void write_rows(const std::filesystem::path& path, const std::vector<Example>& examples) {
  std::string text;
  for (const Example& example : examples) {
    const Json row = {{"input_ids", example.input},
                      {"target_ids", example.target},
                      {"choices_ids", Json::array({Json::array({30, 1}), example.target})}};
    text += row.dump() + "\n";
  }
  write_text(path, text);
}

inline void write_tiny_rows(const std::filesystem::path& path, std::int64_t count, std::int64_t first = 0) {
  write_rows(path, tiny_examples(count, first));
}

}  // namespace phatgoose::test
