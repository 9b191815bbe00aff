#include "phatgoose/store/factor_names.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <span>
#include <vector>

namespace phatgoose {
namespace {

using Parts = std::span<const std::string_view>;

/// Far longer than any; what matches a path takes stack in proportion to its length.
constexpr std::size_t kMaxNameLength = 1000;

constexpr std::array<std::string_view, 4> kWrappers = {"module", "_orig_mod", "_fsdp_wrapped_module",
                                                       "_checkpoint_wrapped_module"};

std::vector<std::string_view> split_at_dots(std::string_view name) {
  std::vector<std::string_view> parts;
  for (std::size_t dot; (dot = name.find('.')) != std::string_view::npos; name.remove_prefix(dot + 1)) {
    parts.push_back(name.substr(0, dot));
  }
  parts.push_back(name);
  return parts;
}

bool is_wrapper(std::string_view part) { return std::ranges::find(kWrappers, part) != kWrappers.end(); }

bool is_factor(std::string_view part) { return part == "lora_A" || part == "lora_B"; }

/// Parts joined by dots, each with one after it: "base_model.model.".
std::string prefix_of(Parts parts) { return parts.empty() ? std::string() : fmt::format("{}.", fmt::join(parts, ".")); }

/// How many parts at the beginning are wrappers or PEFT's own "base_model.model".
std::size_t count_outer(Parts parts) {
  std::size_t count = 0;
  while (count < parts.size()) {
    const bool peft = parts[count] == "base_model" && count + 1 < parts.size() && parts[count + 1] == "model";
    if (!peft && !is_wrapper(parts[count])) break;
    count += peft ? 2 : 1;
  }
  return count;
}

/// How many parts lead from a larger model to a T5: "model" before "encoder.block" or "decoder.block".
std::size_t count_inner(Parts parts) {
  std::size_t count = 0;
  while (count < parts.size() && (parts[count] == "model" || is_wrapper(parts[count]))) ++count;
  const bool is_t5 = count + 1 < parts.size() && (parts[count] == "encoder" || parts[count] == "decoder") &&
                     (parts[count + 1] == "block" || is_wrapper(parts[count + 1]));
  return is_t5 ? count : 0;
}

std::vector<std::string_view> without_wrappers(Parts parts) {
  std::vector<std::string_view> rest;
  std::ranges::copy_if(parts, std::back_inserter(rest), [](std::string_view part) { return !is_wrapper(part); });
  return rest;
}

}  // namespace

std::optional<FactorName> parse_factor_name(std::string_view name) {
  if (name.size() > kMaxNameLength) return std::nullopt;
  const std::vector<std::string_view> parts = split_at_dots(name);
  const std::size_t count = parts.size();
  if (count < 3 || parts.back() != "weight") return std::nullopt;
  const bool named = !is_factor(parts[count - 2]);  // by an adapter's name
  const std::size_t factor = count - (named ? 3 : 2);
  if (factor == 0 || !is_factor(parts[factor])) return std::nullopt;

  const Parts module = Parts(parts).first(factor);
  const std::size_t outer = count_outer(module), inner = count_inner(module.subspan(outer));
  const std::vector<std::string_view> path = without_wrappers(module.subspan(outer + inner));
  if (path.empty()) return std::nullopt;
  return FactorName{.prefix = prefix_of(module.first(outer + inner)),
                    .model_path = prefix_of(without_wrappers(module.subspan(outer, inner))),
                    .path = fmt::format("{}", fmt::join(path, ".")),
                    .adapter = named ? std::string(parts[count - 2]) : std::string(),
                    .is_a = parts[factor] == "lora_A"};
}

}  // namespace phatgoose
