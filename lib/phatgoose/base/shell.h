// Commands in messages, as they can be pasted into a shell.
#pragma once

#include <string>

namespace phatgoose {

/// `text` as one word of a POSIX shell: in single quotes where it has other characters than letters, digits and a few
/// signs that no shell interprets.
std::string shell_word(const std::string& text);

}  // namespace phatgoose
