#include "phatgoose/store/peft_config.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <string_view>

#include "phatgoose/base/error.h"
#include "phatgoose/base/utf8.h"
#include "phatgoose/store/peft_settings.h"

namespace phatgoose {
namespace {

constexpr std::int64_t kDefaultRank = 8;
constexpr double kDefaultAlpha = 8;

/// Settings that are read below and by ModuleTargets.
constexpr std::array<std::string_view, 11> kReadSettings = {
    "alpha_pattern", "bias", "exclude_modules", "init_lora_weights", "layers_pattern", "layers_to_transform",
    "lora_alpha",    "r",    "rank_pattern",    "target_modules",    "use_rslora"};

/// How a LoRA was begun and trained, and details of what must be off.
constexpr std::array<std::string_view, 9> kWithoutEffect = {"corda_config",   "ensure_weight_tying", "eva_config",
                                                            "fan_in_fan_out", "lora_dropout",        "lora_ga_config",
                                                            "megatron_core",  "qalora_group_size",   "runtime_config"};

constexpr std::array<RefusedSetting, 15> kRefused = {{
    {"use_dora", "DoRA"},
    {"lora_bias", "LoRA with biases"},
    {"modules_to_save", "fully trained modules"},
    {"layer_replication", "replicated layers"},
    {"target_parameters", "adapted parameters that are no linear layers"},
    {"trainable_token_indices", "trained token embeddings"},
    {"alora_invocation_tokens", "activated LoRA"},
    {"use_qalora", "QALoRA"},
    {"loftq_config", "a base quantised by LoftQ"},
    {"megatron_config", "layers of Megatron"},
    {"arrow_config", "a routed adapter", true},
    {"use_bdlora", "block-diagonal LoRA", true},
    {"kasa_config", "KaSA", true},
    {"monteclora_config", "Monte Carlo LoRA", true},
    {"velora_config", "VeLoRA", true},
}};

constexpr PeftSettings kLora = {.type = "LORA",
                                .plain = "plain LoRA",
                                .read = kReadSettings,
                                .without_effect = kWithoutEffect,
                                .refused = kRefused};

/// Values of init_lora_weights that leave the base as it is, and beginnings ("pissa_niter_4") of those that subtract
/// the first factors from its weights.
constexpr std::array<std::string_view, 4> kPlainStarts = {"gaussian", "mica", "eva", "orthogonal"};
constexpr std::array<std::string_view, 5> kBaseChanging = {"pissa", "olora", "loftq", "corda", "lora_ga"};

/// Capitals count in some of PEFT's names and not in others: read as it reads them, where that admits an adapter.
void check_start(const Json& start) {
  if (start.is_boolean() || is_off(start)) return;
  const std::string text = start.is_string() ? start.get<std::string>() : std::string(), name = ascii_lower_case(text);
  for (const std::string_view changing : kBaseChanging) {
    if (!name.starts_with(changing)) continue;
    refuse_here("init_lora_weights " + start.dump() + ", which changes the base model",
                "an adapter of the base as it is");
  }
  if (std::ranges::find(kPlainStarts, text) != kPlainStarts.end() || name == "gaussian" || name == "mica") return;
  refuse_here("init_lora_weights " + start.dump(), "true, false or an initialisation that PEFT knows");
}

/// `json`, which says nothing but plain LoRA.
const Json& plain_lora(const Json& json) {
  checked_settings(json, kLora);
  const auto bias = json_get_or<std::string>(json, "bias", "none");
  if (bias != "none") refuse_here("trained biases (bias " + bias + ")", "bias none");
  check_start(json_get_or<Json>(json, "init_lora_weights", true));
  return json;
}

double check_alpha(double alpha) {
  if (!std::isfinite(alpha)) refuse_here("alpha " + std::to_string(alpha), "a finite number");
  return alpha;
}

Json patterns_of(const Json& json, const char* key) {
  Json patterns = json_get_or<Json>(json, key, Json::object());
  if (!patterns.is_object()) refuse_here(std::string(key) + " " + patterns.dump(), "an object of patterns");
  return patterns;
}

template <typename T>
T first_match(const std::vector<std::pair<ModulePattern, T>>& patterns, const std::string& path, T otherwise) {
  const auto found =
      std::find_if(patterns.begin(), patterns.end(), [&](const auto& p) { return p.first.matches(path); });
  return found == patterns.end() ? otherwise : found->second;
}

}  // namespace

PeftConfig::PeftConfig(const Json& json) : targets_(plain_lora(json)), unknown_(unknown_settings_of(json, kLora)) {
  rank_ = checked_size("rank", setting_or_default(json, "r", kDefaultRank));
  alpha_ = check_alpha(setting_or_default(json, "lora_alpha", kDefaultAlpha));
  rank_stabilised_ = json_get_or<bool>(json, "use_rslora", false);
  const Json ranks = patterns_of(json, "rank_pattern"), alphas = patterns_of(json, "alpha_pattern");
  for (const auto& [pattern, rank] : ranks.items()) {
    if (!rank.is_number_integer()) refuse_here("rank_pattern " + pattern + " " + rank.dump(), "a rank");
    rank_patterns_.emplace_back(ModulePattern::ending(pattern), checked_size("rank", rank.get<std::int64_t>()));
  }
  for (const auto& [pattern, alpha] : alphas.items()) {
    if (!alpha.is_number()) refuse_here("alpha_pattern " + pattern + " " + alpha.dump(), "a number");
    alpha_patterns_.emplace_back(ModulePattern::ending(pattern), check_alpha(alpha.get<double>()));
  }
}

std::int64_t PeftConfig::rank_of(const std::string& path) const { return first_match(rank_patterns_, path, rank_); }

double PeftConfig::scale_of(const std::string& path) const {
  const double alpha = first_match(alpha_patterns_, path, alpha_);
  const auto rank = static_cast<double>(rank_of(path));
  return alpha / (rank_stabilised_ ? std::sqrt(rank) : rank);
}

}  // namespace phatgoose
