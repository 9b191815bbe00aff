// Text for manual pages, in the language of man(7).
#pragma once

#include <string>
#include <string_view>

namespace phatgoose {

/// Text that prints as it stands, whatever it contains.
std::string roff(std::string_view text);

/// The line that opens a page of section 1 called `name`.
std::string roff_title(std::string_view name);

/// A definition: a bold term, and an explanation below it.
std::string roff_item(std::string_view term, std::string_view text);

/// Lines that are not filled.
std::string roff_lines(std::string_view lines);

}  // namespace phatgoose
