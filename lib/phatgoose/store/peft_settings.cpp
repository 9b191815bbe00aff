#include "phatgoose/store/peft_settings.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>

#include "phatgoose/base/error.h"
#include "phatgoose/base/log.h"

namespace phatgoose {
namespace {

constexpr std::int64_t kMaxSize = 1 << 20;

/// Read in checked_settings, and where an adapter came from.
constexpr std::array<std::string_view, 7> kCommonSettings = {
    "auto_mapping", "base_model_name_or_path", "inference_mode", "peft_type", "peft_version", "revision", "task_type"};

/// Tasks for which PEFT adds nothing to the model; those of the others have a head of their own.
constexpr std::array<std::string_view, 3> kTasks = {"SEQ_2_SEQ_LM", "CAUSAL_LM", "FEATURE_EXTRACTION"};

bool is_among(std::span<const std::string_view> names, std::string_view name) {
  return std::ranges::find(names, name) != names.end();
}

}  // namespace

bool is_off(const Json& value) {
  return value.is_null() || value == false || value == 0 || value == "" || (value.is_structured() && value.empty());
}

const Json& checked_settings(const Json& json, const PeftSettings& known) {
  const auto type = json_get<std::string>(json, "peft_type");
  if (type != known.type) refuse_here("peft_type " + type, known.type);
  for (const RefusedSetting& setting : known.refused) {
    const auto found = json.find(setting.key);
    if (found == json.end() || (setting.object ? found->is_null() : is_off(*found))) continue;
    refuse_here(std::string(setting.meaning) + " (" + std::string(setting.key) + ")", known.plain);
  }
  const auto task = json_get_or<std::string>(json, "task_type", "SEQ_2_SEQ_LM");
  if (!is_among(kTasks, task)) refuse_here("task_type " + task, "SEQ_2_SEQ_LM: an adapter of the language model");
  return json;
}

std::vector<std::string> unknown_settings_of(const Json& json, const PeftSettings& known) {
  std::vector<std::string> unknown;
  for (const auto& [key, value] : json.items()) {
    const bool refused = std::ranges::find(known.refused, key, &RefusedSetting::key) != known.refused.end();
    const bool understood =
        is_among(kCommonSettings, key) || is_among(known.read, key) || is_among(known.without_effect, key);
    if (!refused && !understood && !is_off(value)) unknown.push_back(key);
  }
  return unknown;
}

void say_unknown_settings(const fs::path& directory, const std::vector<std::string>& unknown) {
  if (unknown.empty()) return;
  log_info(fmt::format("{}: settings that PEFT does not know are ignored: {}", (directory / kPeftConfigFile).string(),
                       fmt::join(unknown, ", ")));
}

std::int64_t checked_size(const std::string& what, std::int64_t size) {
  if (size < 1 || size > kMaxSize) refuse_here(what + " " + std::to_string(size), "1 to 2^20");
  return size;
}

std::string peft_type_of(const fs::path& directory) {
  if (!is_file(directory / kPeftConfigFile)) return {};
  try {
    return json_get<std::string>(read_json(directory / kPeftConfigFile), "peft_type");
  } catch (const Error&) {  // whoever opens the directory says what is wrong
    return {};
  }
}

}  // namespace phatgoose
