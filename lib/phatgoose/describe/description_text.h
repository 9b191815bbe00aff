// What a description may be.
#pragma once

#include <cstdint>
#include <string>

namespace phatgoose {

constexpr std::int64_t kMaxDescriptionCharacters = 1000;

/// The text as one line: without white space at its ends and quotation marks around it, single line breaks as spaces.
/// Empty, a web page, of several paragraphs, of more than `most` characters, control characters, not UTF-8: bad_data.
std::string checked_description(const std::string& text, std::int64_t most = kMaxDescriptionCharacters);

/// Whether it begins as a web page does.
bool is_web_page(const std::string& text);

}  // namespace phatgoose
