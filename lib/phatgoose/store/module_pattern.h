// Regular expressions on module paths ("encoder.block.0.layer.0.SelfAttention.q"), which decide as Python's `re` does
// for PEFT.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

namespace phatgoose {

/// A compiled expression; copies share it.
struct CompiledExpression;

class ModulePattern {
 public:
  /// For the whole path: re.fullmatch(EXPRESSION, path). Here and below: bad_data where the expression cannot be read,
  /// or where C++ would read it differently from Python.
  static ModulePattern whole(const std::string& expression);
  /// For the end of the path, from its beginning or a dot on: re.match("(.*\.)?(EXPRESSION)$", path).
  static ModulePattern ending(const std::string& expression);

  bool matches(const std::string& path) const;

 private:
  explicit ModulePattern(std::shared_ptr<const CompiledExpression> compiled) : compiled_(std::move(compiled)) {}

  std::shared_ptr<const CompiledExpression> compiled_;
};

/// Finds the number of a layer in a module path.
class LayerPattern {
 public:
  /// The first number behind a module that is not the outermost one: "encoder.block.3.layer.0" is of layer 3.
  LayerPattern();
  /// The first number behind a module that EXPRESSION matches: re.match("(?:^|.*?\.)EXPRESSION\.(\d+)\.", path).
  explicit LayerPattern(const std::string& expression);

  /// Nothing where the pattern does not match; -1 where it matches, but no number (an EXPRESSION with a | of its own).
  std::optional<std::int64_t> layer_of(const std::string& path) const;

 private:
  std::shared_ptr<const CompiledExpression> compiled_;
};

}  // namespace phatgoose
