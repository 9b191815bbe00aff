// Whether a modular adapter fits a base model.
#include <fmt/format.h>

#include "phatgoose/base/error.h"
#include "phatgoose/store/base_linears.h"
#include "phatgoose/store/modular_directory.h"

namespace phatgoose {
namespace {

/// `size` is that of the linear's input or output.
void check_divisible(const ModularShape& shape, std::int64_t size, const char* side, const std::string& where) {
  if (size % shape.splits == 0) return;
  refuse(where, fmt::format("{} splits", shape.splits),
         fmt::format("a divisor of {}, the size of the linear's {}", size, side));
}

void check_part(const TensorView& found, const Shape& expected, const char* what, const std::string& where) {
  if (found.shape == expected) return;
  refuse(where, fmt::format("{} of shape {}", what, to_string(found.shape)), to_string(expected), kOtherBase);
}

}  // namespace

void ModularDirectory::check_base(const T5Config& config, const std::string& fingerprint) const {
  if (base_fingerprint_ && !fingerprint.empty() && *base_fingerprint_ != fingerprint) {
    refuse(path_, "an adapter of the base with fingerprint " + *base_fingerprint_, fingerprint, kOtherBase);
  }
  const BaseLinears base(linear_groups(config));
  for (const auto& [path, entry] : entries()) {
    const std::string where = stored_.file->where(path);
    const LinearSpec& linear = base.at(path, where);
    check_divisible(shape(), linear.in, "input", where);
    check_divisible(shape(), linear.out, "output", where);
    check_part(entry.a, shape().a_shape(linear.in), "A", where);
    check_part(entry.b, shape().b_shape(linear.out), "B", where);
  }
  check_complete(config);
}

void ModularDirectory::check_complete(const T5Config& config) const {
  if (!stored_.config) return;
  const auto lacking = missing_modules(stored_.config->targets(), stored_.model_path, config,
                                       [&](const std::string& path) { return entries().contains(path); });
  if (lacking.empty()) return;
  const std::string count =
      lacking.size() == 1 ? "" : fmt::format(", the first of {} that are missing", lacking.size());
  refuse(stored_.path, fmt::format("no factors for {}{}", lacking.front(), count),
         fmt::format("factors for all {} modules that adapter_config.json targets", entries().size() + lacking.size()));
}

}  // namespace phatgoose
