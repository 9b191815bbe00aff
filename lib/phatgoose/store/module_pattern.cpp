#include "phatgoose/store/module_pattern.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <regex>
#include <string_view>

#include "phatgoose/base/error.h"

namespace phatgoose {

struct CompiledExpression {
  std::regex regex;
};

namespace {

constexpr std::size_t kMaxPatternLength = 1000;

/// Whether std::regex would take silently for something else what means another thing to Python: \A, \Z and the like
/// (plain letters to it), classes that begin with ], and classes by name ([[:alpha:]]).
bool differs_in_python(std::string_view expression) {
  constexpr std::string_view kCommonEscapes = "bBdDsSwWfnrtvx";
  bool in_class = false;
  for (std::size_t i = 0; i < expression.size(); ++i) {
    const char c = expression[i];
    const std::string_view rest = expression.substr(i + 1);
    if (c == '\\') {
      if (rest.empty()) return true;
      const bool letter = std::isalpha(static_cast<unsigned char>(rest.front())) != 0;
      if (letter && kCommonEscapes.find(rest.front()) == std::string_view::npos) return true;
      ++i;
    } else if (in_class) {
      if (c == '[' && (rest.starts_with(':') || rest.starts_with('.') || rest.starts_with('='))) return true;
      in_class = c != ']';
    } else if (c == '[') {
      if (rest.starts_with(']') || rest.starts_with("^]")) return true;
      in_class = true;
    }
  }
  return false;
}

/// `expression` between `before` and `after`, which PEFT puts around it.
std::shared_ptr<const CompiledExpression> compile(const std::string& before, const std::string& expression,
                                                  const std::string& after) {
  if (expression.size() > kMaxPatternLength) refuse_here("a pattern of over 1000 characters", "a module pattern");
  const std::string found = "the pattern \"" + expression + "\"";
  const char* expected = "a regular expression without Python's own extensions";
  if (differs_in_python(expression)) refuse_here(found, expected);
  try {
    return std::make_shared<CompiledExpression>(
        std::regex(before + expression + after, std::regex::ECMAScript | std::regex::optimize));
  } catch (const std::regex_error&) {
    refuse_here(found, expected);
  }
}

}  // namespace

ModulePattern ModulePattern::whole(const std::string& expression) { return ModulePattern(compile("", expression, "")); }

ModulePattern ModulePattern::ending(const std::string& expression) {
  return ModulePattern(compile("(.*\\.)?(", expression, ")$"));
}

bool ModulePattern::matches(const std::string& path) const { return std::regex_match(path, compiled_->regex); }

LayerPattern::LayerPattern() : compiled_(compile("", ".*?\\.[^.]*\\.(\\d+)\\.", "")) {}

LayerPattern::LayerPattern(const std::string& expression)
    : compiled_(compile("(?:^|.*?\\.)", expression, "\\.(\\d+)\\.")) {}

std::optional<std::int64_t> LayerPattern::layer_of(const std::string& path) const {
  std::smatch match;
  if (!std::regex_search(path, match, compiled_->regex, std::regex_constants::match_continuous)) return std::nullopt;
  const std::string digits = match[compiled_->regex.mark_count()];
  std::int64_t layer = -1;
  std::from_chars(digits.data(), digits.data() + digits.size(), layer);
  return layer;
}

}  // namespace phatgoose
