// Whether an expert fits a base model, and has all that its configuration promises for that base.
#include <fmt/format.h>

#include "phatgoose/base/error.h"
#include "phatgoose/base/log.h"
#include "phatgoose/store/base_linears.h"
#include "phatgoose/store/expert_directory.h"
#include "phatgoose/store/peft_config.h"

namespace phatgoose {

std::vector<std::string> ExpertDirectory::missing(const T5Config& config) const {
  return missing_modules(config_->targets(), model_path_, config,
                         [&](const std::string& path) { return loras_.contains(path); });
}

void ExpertDirectory::check_base(const T5Config& config, const std::string& fingerprint, bool allow_partial) const {
  if (base_fingerprint_ && !fingerprint.empty() && *base_fingerprint_ != fingerprint) {
    refuse(path_.string(), "an expert of the base with fingerprint " + *base_fingerprint_, fingerprint, kOtherBase);
  }
  check_linears(linear_groups(config));
  check_complete(config, allow_partial);
}

void ExpertDirectory::check_linears(const std::vector<LinearGroupSpec>& groups) const {
  const BaseLinears base(groups);
  for (const auto& [path, lora] : loras_) {
    const std::string where = adapter_file_->where(path);
    const LinearSpec& linear = base.at(path, where);
    const Shape a{lora.rank, linear.in}, b{linear.out, lora.rank};
    if (lora.a.shape != a) refuse(where, "lora_A of shape " + to_string(lora.a.shape), to_string(a), kOtherBase);
    if (lora.b.shape != b) refuse(where, "lora_B of shape " + to_string(lora.b.shape), to_string(b), kOtherBase);
  }
}

void ExpertDirectory::check_complete(const T5Config& config, bool allow_partial) const {
  const std::vector<std::string> lacking = missing(config);
  if (lacking.empty()) return;
  const std::size_t all = loras_.size() + lacking.size();
  if (!allow_partial) {
    const std::string count =
        lacking.size() == 1 ? "" : fmt::format(", the first of {} that are missing", lacking.size());
    refuse(adapter_path_.string(), fmt::format("no factors for {}{}", lacking.front(), count),
           fmt::format("factors for all {} modules that adapter_config.json targets", all),
           "--allow-partial accepts the expert; those modules stay as in the base");
  }
  if (speaks_) {
    log_info(fmt::format(
        "{} is a partial expert: it lacks factors for {} of the {} modules that adapter_config.json targets",
        path_.string(), lacking.size(), all));
  }
}

}  // namespace phatgoose
