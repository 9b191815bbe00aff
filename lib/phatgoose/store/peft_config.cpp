#include "phatgoose/store/peft_config.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "phatgoose/base/error.h"

namespace phatgoose {
namespace {

constexpr std::size_t kMaxExpressionLength = 1000;
constexpr std::int64_t kMaxRank = 1 << 20;

/// Settings that change what a LoRA computes, and that must be off here.
struct Refused {
  const char* key;
  const char* meaning;
};
constexpr std::array<Refused, 13> kRefused = {{
    {"use_dora", "DoRA"},
    {"lora_bias", "LoRA with biases"},
    {"modules_to_save", "fully trained modules"},
    {"layer_replication", "replicated layers"},
    {"target_parameters", "adapted parameters that are no linear layers"},
    {"trainable_token_indices", "trained token embeddings"},
    {"alora_invocation_tokens", "activated LoRA"},
    {"arrow_config", "a routed adapter"},
    {"use_qalora", "QALoRA"},
    {"use_bdlora", "block-diagonal LoRA"},
    {"kasa_config", "KaSA"},
    {"monteclora_config", "Monte Carlo LoRA"},
    {"loftq_config", "a base quantised by LoftQ"},
}};
/// Values of init_lora_weights that subtract the first factors from the base's own weights.
constexpr std::array<const char*, 5> kBaseChanging = {"pissa", "olora", "loftq", "corda", "lora_ga"};

[[noreturn]] void refuse(const std::string& where, const std::string& found, const std::string& expected) {
  fail(ExitCode::bad_data, {.where = where, .found = found, .expected = expected});
}

bool is_off(const Json& value) {
  return value.is_null() || (value.is_boolean() && !value.get<bool>()) ||
         ((value.is_structured() || value.is_string()) && value.empty());
}

void check_plain_lora(const Json& json, const std::string& where) {
  const auto type = json_get<std::string>(json, "peft_type", where);
  if (type != "LORA") refuse(where, "peft_type " + type, "LORA");
  for (const Refused& setting : kRefused) {
    const auto found = json.find(setting.key);
    if (found != json.end() && !is_off(*found)) {
      refuse(where, std::string(setting.meaning) + " (" + setting.key + ")", "plain LoRA");
    }
  }
  const auto bias = json_get_or<std::string>(json, "bias", "none", where);
  if (bias != "none") refuse(where, "trained biases (bias " + bias + ")", "bias none");
  const auto start = json.find("init_lora_weights");
  if (start == json.end() || !start->is_string()) return;
  for (const char* name : kBaseChanging) {
    if (start->get<std::string>().starts_with(name)) {
      refuse(where, "init_lora_weights " + start->dump() + ", which changes the base model",
             "an adapter of the base as it is");
    }
  }
}

std::regex read_expression(const std::string& expression, const std::string& where) {
  if (expression.size() > kMaxExpressionLength) refuse(where, "a pattern of over 1000 characters", "a module pattern");
  try {
    return std::regex(expression, std::regex::ECMAScript | std::regex::optimize);
  } catch (const std::regex_error&) {
    refuse(where, "the pattern \"" + expression + "\"", "a regular expression without Python's own extensions");
  }
}

std::int64_t check_rank(std::int64_t rank, const std::string& where) {
  if (rank < 1 || rank > kMaxRank) refuse(where, "rank " + std::to_string(rank), "1 to 2^20");
  return rank;
}

double check_alpha(double alpha, const std::string& where) {
  if (!std::isfinite(alpha)) refuse(where, "alpha " + std::to_string(alpha), "a finite number");
  return alpha;
}

Json patterns_of(const Json& json, const char* key, const std::string& where) {
  Json patterns = json_get_or<Json>(json, key, Json::object(), where);
  if (!patterns.is_object()) refuse(where, std::string(key) + " " + patterns.dump(), "an object of patterns");
  return patterns;
}

template <typename T>
T first_match(const std::vector<std::pair<ModulePattern, T>>& patterns, const std::string& path, T otherwise) {
  const auto found =
      std::find_if(patterns.begin(), patterns.end(), [&](const auto& p) { return p.first.matches(path); });
  return found == patterns.end() ? otherwise : found->second;
}

}  // namespace

ModulePattern::ModulePattern(const std::string& expression, const std::string& where)
    : expression_(read_expression("(?:.*\\.)?(?:" + expression + ")", where)) {}

PeftConfig::PeftConfig(const Json& json, const std::string& where) {
  check_plain_lora(json, where);
  rank_ = check_rank(json_get<std::int64_t>(json, "r", where), where);
  alpha_ = check_alpha(json_get<double>(json, "lora_alpha", where), where);
  rank_stabilised_ = json_get_or<bool>(json, "use_rslora", false, where);
  const Json ranks = patterns_of(json, "rank_pattern", where), alphas = patterns_of(json, "alpha_pattern", where);
  for (const auto& [pattern, rank] : ranks.items()) {
    if (!rank.is_number_integer()) refuse(where, "rank_pattern " + pattern + " " + rank.dump(), "a rank");
    rank_patterns_.emplace_back(ModulePattern(pattern, where), check_rank(rank.get<std::int64_t>(), where));
  }
  for (const auto& [pattern, alpha] : alphas.items()) {
    if (!alpha.is_number()) refuse(where, "alpha_pattern " + pattern + " " + alpha.dump(), "a number");
    alpha_patterns_.emplace_back(ModulePattern(pattern, where), check_alpha(alpha.get<double>(), where));
  }
  const Json targets = json_get_or<Json>(json, "target_modules", nullptr, where);
  if (targets.is_null() || targets == "all-linear") {
    targets_all_ = true;  // whatever the file holds
  } else if (targets.is_string()) {
    target_expression_.push_back(read_expression(targets.get<std::string>(), where));
  } else {
    target_suffixes_ = json_get<std::vector<std::string>>(json, "target_modules", where);
  }
}

bool PeftConfig::targets(const std::string& path) const {
  if (targets_all_) return true;
  if (!target_expression_.empty()) return std::regex_match(path, target_expression_.front());
  return std::any_of(target_suffixes_.begin(), target_suffixes_.end(),
                     [&](const std::string& suffix) { return path == suffix || path.ends_with("." + suffix); });
}

std::int64_t PeftConfig::rank_of(const std::string& path) const { return first_match(rank_patterns_, path, rank_); }

double PeftConfig::scale_of(const std::string& path) const {
  const double alpha = first_match(alpha_patterns_, path, alpha_);
  const auto rank = static_cast<double>(rank_of(path));
  return alpha / (rank_stabilised_ ? std::sqrt(rank) : rank);
}

}  // namespace phatgoose
