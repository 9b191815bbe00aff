#include "phatgoose/store/alpha.h"

#include <charconv>
#include <cmath>

#include "phatgoose/base/error.h"

namespace phatgoose {

Alpha parse_alpha(const std::string& text) {
  if (text == "auto") return {};
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool is_number = error == std::errc() && end == text.data() + text.size();
  if (!is_number || !std::isfinite(value) || value < 0) {
    refuse_usage("--global-alpha", "\"" + text + "\"", "a number of at least 0, or auto");
  }
  return {value};
}

}  // namespace phatgoose
