// The words that tell what texts are about (METHODS 5).
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace phatgoose {

/// Texts that belong together: the inputs that are shown of a task.
using Texts = std::vector<std::string>;

/// The words of `texts` with the largest scores, largest first, in lower case. The score of a word is the number of
/// texts that have it, times log((1 + M) / (1 + m)), where m of the M `others` have it in some text; without others the
/// factor is 1. Words that all others have count where too few are left. Of equal scores, the more frequent word, then
/// the one that comes first. A word is a run of letters (three ASCII letters or more, or two of any script) that is
/// no function word of English. A pure function of its arguments.
std::vector<std::string> content_terms(const Texts& texts, const std::vector<Texts>& others, std::size_t most);

}  // namespace phatgoose
