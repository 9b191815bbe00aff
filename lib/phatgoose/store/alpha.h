// The weight of what is known of a whole input beside the scores of its tokens (METHODS 5).
#pragma once

#include <optional>
#include <string>

namespace phatgoose {

/// The settings that were released with GLIDER: for suites whose tasks experts were trained on, and for others.
constexpr double kHeldInAlpha = 100, kHeldOutAlpha = 3;

struct Alpha {
  std::optional<double> value;  ///< none: auto, a value for each input (routing/description_scorer.h)

  bool is_auto() const { return !value; }
};

/// "100", "0.5" or "auto"; usage error for anything else, and for numbers below 0.
Alpha parse_alpha(const std::string& text);

}  // namespace phatgoose
