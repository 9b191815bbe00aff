// The valid name that a mistyped one was probably meant to be.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace phatgoose {

/// The name with the smallest edit distance to `word` (ties: the earlier one); where all are too far to be meant, the
/// first that begins with `word`, if that has four characters or more; otherwise empty.
std::string nearest_name(std::string_view word, const std::vector<std::string>& names);

/// "did you mean NAME?", or an empty string; ready to be an error's hint.
std::string did_you_mean(std::string_view word, const std::vector<std::string>& names);

}  // namespace phatgoose
