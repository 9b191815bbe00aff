// Whether an expert fits a base model, and has all that its configuration promises for that base.
#include <fmt/format.h>

#include <algorithm>

#include "phatgoose/base/error.h"
#include "phatgoose/base/log.h"
#include "phatgoose/base/nearest.h"
#include "phatgoose/store/expert_directory.h"
#include "phatgoose/store/peft_config.h"

namespace phatgoose {
namespace {

constexpr const char* kOtherBase = "the expert was made for another base model";

/// The adapter has factors for `path`, which is none of the base's linears `names`.
[[noreturn]] void refuse_module(const std::string& path, const std::vector<std::string>& names,
                                const std::string& where) {
  if (std::ranges::find(other_adaptable_modules(), path) != other_adaptable_modules().end()) {
    refuse(where, "an adapter of an embedding or of the head", "LoRA on the linears of the blocks only");
  }
  const std::size_t t5 = std::min(path.find(".encoder.block."), path.find(".decoder.block."));
  if (t5 != std::string::npos) {
    refuse(where, "the prefix \"" + path.substr(0, t5 + 1) + "\" before a module path",
           "module paths of the base: encoder.block. or decoder.block.", "save the adapter under the base's own names");
  }
  const std::string meant = did_you_mean(path, names);
  refuse(where, "no such linear layer in the base", "module paths of the base",
         meant.empty() ? kOtherBase : meant + " otherwise " + kOtherBase);
}

}  // namespace

std::vector<std::string> ExpertDirectory::missing(const T5Config& config) const {
  std::vector<std::string> missing;
  const auto check = [&](const std::string& path) {
    if (config_->targets().contain(model_path_ + path) && !loras_.contains(path)) missing.push_back(path);
  };
  for (const LinearSpec& linear : adapted_linears(config)) check(linear.path);
  for (const std::string& other : other_adaptable_modules()) check(other);
  return missing;
}

void ExpertDirectory::check_base(const T5Config& config, const std::string& fingerprint, bool allow_partial) const {
  if (base_fingerprint_ && !fingerprint.empty() && *base_fingerprint_ != fingerprint) {
    refuse(path_.string(), "an expert of the base with fingerprint " + *base_fingerprint_, fingerprint, kOtherBase);
  }
  check_linears(linear_groups(config));
  check_complete(config, allow_partial);
}

void ExpertDirectory::check_linears(const std::vector<LinearGroupSpec>& groups) const {
  std::map<std::string, LinearSpec> linears;
  std::vector<std::string> names;
  for (const LinearGroupSpec& group : groups) {
    for (const LinearSpec& linear : group.linears) {
      linears.emplace(linear.path, linear);
      names.push_back(linear.path);
    }
  }
  for (const auto& [path, lora] : loras_) {
    const std::string where = adapter_file_->where(path);
    const auto linear = linears.find(path);
    if (linear == linears.end()) refuse_module(path, names, where);
    const Shape a{lora.rank, linear->second.in}, b{linear->second.out, lora.rank};
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
