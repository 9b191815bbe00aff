#include "phatgoose/store/poly_config.h"

#include <array>
#include <string_view>

#include "phatgoose/base/error.h"
#include "phatgoose/store/peft_settings.h"

namespace phatgoose {
namespace {

// PEFT's defaults.
constexpr std::int64_t kPolyRank = 8;
constexpr std::int64_t kPolySkills = 4;

constexpr std::array<std::string_view, 7> kPolyRead = {"exclude_modules", "n_skills", "n_splits",      "n_tasks",
                                                       "poly_type",       "r",        "target_modules"};
constexpr std::array<std::string_view, 1> kPolyWithoutEffect = {"init_weights"};
constexpr std::array<RefusedSetting, 1> kPolyRefused = {{{"modules_to_save", "fully trained modules"}}};

constexpr PeftSettings kPoly = {.type = "POLY",
                                .plain = "an adapter of linear layers only",
                                .read = kPolyRead,
                                .without_effect = kPolyWithoutEffect,
                                .refused = kPolyRefused};

/// What says which modules Poly adapts: PEFT knows no layers_to_transform here.
Json poly_targets(const Json& json) {
  checked_settings(json, kPoly);
  Json targets = Json::object();
  for (const char* key : {"target_modules", "exclude_modules"}) {
    if (json.contains(key)) targets[key] = json.at(key);
  }
  return targets;
}

std::int64_t size_setting(const Json& json, const char* key, std::int64_t otherwise) {
  return checked_size(key, setting_or_default(json, key, otherwise));
}

}  // namespace

PolyConfig::PolyConfig(const Json& json)
    : tasks_(1), targets_(poly_targets(json)), unknown_(unknown_settings_of(json, kPoly)) {
  const auto type = setting_or_default<std::string>(json, "poly_type", "poly");
  if (type != "poly") refuse_here("poly_type " + type, "poly");
  tasks_ = size_setting(json, "n_tasks", 1);
  shape_ = {.method = ModularMethod::poly,
            .rank = size_setting(json, "r", kPolyRank),
            .skills = size_setting(json, "n_skills", kPolySkills),
            .splits = size_setting(json, "n_splits", 1),
            .order = 1};
  if (shape_.splits > 1) shape_.method = ModularMethod::mhr;
}

Json poly_config_json(const ModularShape& shape, std::int64_t tasks, const std::string& base_name,
                      const std::set<std::string>& target_modules) {
  Json json;
  json["peft_type"] = "POLY";
  json["task_type"] = "SEQ_2_SEQ_LM";
  json["base_model_name_or_path"] = base_name;
  json["inference_mode"] = true;
  json["r"] = shape.rank;
  json["n_tasks"] = tasks;
  json["n_skills"] = shape.skills;
  json["n_splits"] = shape.splits;
  json["poly_type"] = "poly";
  json["init_weights"] = true;
  json["modules_to_save"] = nullptr;
  json["exclude_modules"] = nullptr;
  json["target_modules"] = target_modules;
  return json;
}

}  // namespace phatgoose
