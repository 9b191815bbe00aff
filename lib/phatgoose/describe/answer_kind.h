// What kind of answer a task wants, as far as examples tell (METHODS 5).
#pragma once

#include <string>
#include <vector>

#include "phatgoose/describe/text_source.h"

namespace phatgoose {

/// "yes or no", "one of 4 choices", "one of the choices big, small and tiny", "a number", "a word", "a short phrase",
/// "a sentence" or "a longer text"; empty where examples have neither choices nor targets.
std::string answer_kind(const std::vector<ShownExample>& examples);

/// "a", "a and b", "a, b and c"
std::string enumeration(const std::vector<std::string>& items, const std::string& conjunction);

}  // namespace phatgoose
