#include "phatgoose/store/factor_names.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <span>
#include <vector>

#include "phatgoose/base/error.h"

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

/// Of the parts before a factor's own; nothing where they hold no path.
std::optional<TensorPlace> place_of(Parts module, std::string_view adapter) {
  const std::size_t outer = count_outer(module), inner = count_inner(module.subspan(outer));
  const std::vector<std::string_view> path = without_wrappers(module.subspan(outer + inner));
  if (path.empty()) return std::nullopt;
  return TensorPlace{.prefix = prefix_of(module.first(outer + inner)),
                     .model_path = prefix_of(without_wrappers(module.subspan(outer, inner))),
                     .path = fmt::format("{}", fmt::join(path, ".")),
                     .adapter = std::string(adapter)};
}

/// The module of a Poly layer that holds some of its tensors.
std::optional<PolyPart> poly_part(std::string_view module) {
  if (module == "poly_lora_A") return PolyPart::a;
  if (module == "poly_lora_B") return PolyPart::b;
  if (module == "poly_router") return PolyPart::logits;
  return std::nullopt;
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
  const auto place = place_of(Parts(parts).first(factor), named ? parts[count - 2] : std::string_view());
  if (!place) return std::nullopt;
  return FactorName{*place, parts[factor] == "lora_A"};
}

std::optional<PolyName> parse_poly_name(std::string_view name) {
  if (name.size() > kMaxNameLength) return std::nullopt;
  const std::vector<std::string_view> parts = split_at_dots(name);
  const auto module = std::ranges::find_if(parts, [](std::string_view part) { return poly_part(part).has_value(); });
  if (module == parts.end()) return std::nullopt;
  const PolyPart part = *poly_part(*module);
  Parts rest(module + 1, parts.end());
  if (part == PolyPart::logits) {
    if (rest.empty() || rest.back() != "module_logits") return std::nullopt;
    rest = rest.first(rest.size() - 1);
  }
  if (rest.size() > 1) return std::nullopt;
  const auto place = place_of(Parts(parts.begin(), module), rest.empty() ? std::string_view() : rest.front());
  if (!place) return std::nullopt;
  return PolyName{*place, part};
}

void check_same_adapter(const TensorPlace& first, const TensorPlace& other, const std::string& where) {
  if (other.adapter != first.adapter) {
    const auto named = [](const TensorPlace& place) {
      return place.adapter.empty() ? std::string("one without a name") : "\"" + place.adapter + "\"";
    };
    refuse(where, "factors of two adapters, " + named(first) + " and " + named(other), "one adapter",
           "save each by itself");
  }
  if (other.prefix != first.prefix) {
    refuse(where, "the prefixes \"" + first.prefix + "\" and \"" + other.prefix + "\"", "one prefix for all tensors");
  }
}

}  // namespace phatgoose
