// What a language model is asked for a description (METHODS 5).
#pragma once

#include <string>

#include "phatgoose/describe/text_source.h"

namespace phatgoose {

/// The examples, with their targets where they have them, and the question for one sentence about their task. A pure
/// function of the examples.
std::string description_prompt(const std::vector<ShownExample>& examples);

}  // namespace phatgoose
