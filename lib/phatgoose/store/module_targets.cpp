#include "phatgoose/store/module_targets.h"

#include <algorithm>

#include "phatgoose/base/error.h"
#include "phatgoose/base/utf8.h"

namespace phatgoose {
namespace {

/// From this many entries on, PEFT replaces a list of targets by the shortest ends that tell them from other modules.
constexpr std::size_t kCondensedTargets = 20;

Json value_of(const Json& json, const char* key) { return json_get_or<Json>(json, key, nullptr); }

/// Python takes null, "" and [] for false.
bool is_empty(const Json& value) { return value.is_null() || value == "" || value == Json::array(); }

ModuleNames read_names(const Json& json, const char* key) {
  const Json value = value_of(json, key);
  if (value.is_string()) return {{}, in(key, [&] { return ModulePattern::whole(value.get<std::string>()); })};
  const auto names = json_get<std::vector<std::string>>(json, key);
  return {{names.begin(), names.end()}, std::nullopt};
}

/// Whether `path` is one of `ends`, or ends with one behind a dot.
bool ends_with_any(const std::string& path, const auto& ends) {
  return std::ranges::any_of(ends, [&](const std::string& end) { return path == end || path.ends_with("." + end); });
}

std::set<std::int64_t> read_layer_numbers(const Json& json) {
  constexpr const char* kKey = "layers_to_transform";
  if (json.at(kKey).is_number()) return {json_get<std::int64_t>(json, kKey)};
  const auto numbers = json_get<std::vector<std::int64_t>>(json, kKey);
  return {numbers.begin(), numbers.end()};
}

}  // namespace

bool ModuleNames::contain(const std::string& path) const {
  return pattern ? pattern->matches(path) : ends_with_any(path, ends);
}

ModuleTargets::ModuleTargets(const Json& json) {
  const Json targets = value_of(json, "target_modules");
  by_default_ = targets.is_null();
  all_linear_ = targets.is_string() && ascii_lower_case(targets.get<std::string>()) == "all-linear";
  if (by_default_) {
    targets_.ends = {"q", "v"};
  } else if (!all_linear_) {
    targets_ = read_names(json, "target_modules");
  }
  if (!is_empty(value_of(json, "exclude_modules"))) excluded_ = read_names(json, "exclude_modules");
  read_layers(json);
}

void ModuleTargets::read_layers(const Json& json) {
  const Json layers = value_of(json, "layers_to_transform"), pattern = value_of(json, "layers_pattern");
  if ((all_linear_ || targets_.pattern) && !(layers.is_null() && pattern.is_null())) {
    refuse_here(std::string(layers.is_null() ? "layers_pattern" : "layers_to_transform") +
                    " together with target_modules " + json.at("target_modules").dump(),
                "target_modules as a list");
  }
  if (layers.is_null()) {
    if (!is_empty(pattern)) refuse_here("layers_pattern without layers_to_transform", "both or neither");
    return;
  }
  std::set<std::int64_t> numbers = read_layer_numbers(json);
  if (numbers.empty()) return;
  layers_ = std::move(numbers);
  if (is_empty(pattern)) {
    layer_patterns_.emplace_back();
    return;
  }
  const auto expressions = pattern.is_string() ? std::vector<std::string>{pattern.get<std::string>()}
                                               : json_get<std::vector<std::string>>(json, "layers_pattern");
  in("layers_pattern", [&] {
    for (const std::string& expression : expressions) layer_patterns_.emplace_back(expression);
  });
}

bool ModuleTargets::in_layers(const std::string& path) const {
  for (const LayerPattern& pattern : layer_patterns_) {
    if (const auto layer = pattern.layer_of(path)) return *layer >= 0 && layers_->contains(*layer);
  }
  return false;
}

std::optional<std::string> ModuleTargets::left_out_by(const std::string& path) const {
  if (excluded_.contain(path)) return "exclude_modules";
  if (all_linear_ && ends_with_any(path, other_adaptable_modules())) return "target_modules \"all-linear\"";
  if (all_linear_) return std::nullopt;
  if (!targets_.contain(path)) return by_default_ ? "target_modules null (q and v by default)" : "target_modules";
  if (!layers_) return std::nullopt;
  // A target that is a whole path goes before the layers, unless PEFT may have cut it short first: which paths it then
  // keeps depends on the other modules of the model, and factors for them are refused here.
  if (targets_.ends.size() < kCondensedTargets && targets_.ends.contains(path)) return std::nullopt;
  return in_layers(path) ? std::nullopt : std::optional<std::string>("layers_to_transform");
}

void ModuleTargets::check_adapted(const std::string& path, const std::string& where) const {
  if (const auto setting = left_out_by(path)) {
    refuse(where, "a linear that " + *setting + " of adapter_config.json leaves out",
           "a configuration that fits the tensors");
  }
}

const std::vector<std::string>& other_adaptable_modules() {
  static const std::vector<std::string> modules = {
      "shared",
      "lm_head",
      "encoder.embed_tokens",
      "decoder.embed_tokens",
      "encoder.block.0.layer.0.SelfAttention.relative_attention_bias",
      "decoder.block.0.layer.0.SelfAttention.relative_attention_bias",
  };
  return modules;
}

}  // namespace phatgoose
