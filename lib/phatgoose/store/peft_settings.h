// What adapters of every kind have in common in PEFT's adapter_config.json.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "phatgoose/base/files.h"
#include "phatgoose/base/json.h"

namespace phatgoose {

constexpr const char* kPeftConfigFile = "adapter_config.json";
constexpr const char* kPeftAdapterFile = "adapter_model.safetensors";

/// A setting that changes what an adapter computes, and that must be off here.
struct RefusedSetting {
  std::string_view key;
  const char* meaning;
  bool object = false;  ///< settings of its own: only null turns it off, an empty object does not
};

/// The settings that PEFT 0.21 knows for one kind of adapter, besides those of all adapters (peft.config.PeftConfig).
struct PeftSettings {
  const char* type;                                  ///< peft_type
  const char* plain;                                 ///< what is admitted, for messages: "plain LoRA"
  std::span<const std::string_view> read;            ///< used
  std::span<const std::string_view> without_effect;  ///< they change nothing in a trained adapter, for PEFT either
  std::span<const RefusedSetting> refused;
};

/// `json`, after these checks: peft_type is that of `known`, what it refuses is off, and task_type adds nothing to the
/// model. Otherwise bad_data at the place that in() adds.
const Json& checked_settings(const Json& json, const PeftSettings& known);

/// Settings with a value that PEFT does not know either (those of a later release, or of another tool): it ignores
/// them, and says so.
std::vector<std::string> unknown_settings_of(const Json& json, const PeftSettings& known);

/// Says in the log, where there are any, that these settings of a directory are ignored.
void say_unknown_settings(const fs::path& directory, const std::vector<std::string>& unknown);

/// What Python takes for false.
bool is_off(const Json& value);

/// PEFT's default stands in for a key that is absent, not for one that is null.
template <typename T>
T setting_or_default(const Json& json, const char* key, T otherwise) {
  return json.contains(key) ? json_get<T>(json, key) : otherwise;
}

/// `size`, which must be 1 to 2^20; `what` names it in the message: bad_data.
std::int64_t checked_size(const std::string& what, std::int64_t size);

/// peft_type of a directory; empty where it has no adapter_config.json that says one.
std::string peft_type_of(const fs::path& directory);

}  // namespace phatgoose
