// The methods of modular multi-task adapters (METHODS 6, 7), and how large what they store is.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "phatgoose/store/tensor_archive.h"

namespace phatgoose {

enum class ModularMethod {
  tlora,         ///< LoRA from tensor-product leaves, without routing (METHODS 6)
  poly,          ///< skills mixed per task (METHODS 7)
  mhr,           ///< the same in blocks of the input and the output
  tensorpoly_1,  ///< the tensor ranks of TLoRA mixed per task (METHODS 6)
  tensorpoly_2,  ///< each order of the leaves mixed per task
};

/// "tlora", "poly", "mhr", "tensorpoly-1", "tensorpoly-2": on the command line and in manifests.
const char* name_of(ModularMethod method);
std::optional<ModularMethod> modular_method_named(std::string_view name);
/// All of these names, for messages and options.
const std::vector<std::string>& modular_method_names();

/// Made of tensor-product leaves.
bool has_leaves(ModularMethod method);
/// Mixed by logits of the task.
bool has_routing(ModularMethod method);

/// The sizes that a method is given, the same for every linear.
struct ModularShape {
  ModularMethod method = ModularMethod::poly;
  std::int64_t rank = 1;    ///< R
  std::int64_t skills = 8;  ///< S: the skills, or the tensor rank
  std::int64_t splits = 1;  ///< P of mhr, at least 2; 1 for others
  std::int64_t order = 1;   ///< O of those with leaves, 2 or 4; 1 for others

  bool operator==(const ModularShape&) const = default;

  /// Refuses what no adapter of the method has (a size below 1 or above 2^20, splits of anything but mhr, another
  /// order): bad_data, at the place that in() adds.
  void check() const;

  /// Smallest q with q^O >= size, for size >= 1.
  std::int64_t leaf_size(std::int64_t size) const;
  /// [P, S, in / P, R], or leaves [O, S, R, q_in]. P divides `in`.
  Shape a_shape(std::int64_t in) const;
  /// [P, S, R, out / P], or leaves [O, S, R, q_out]. P divides `out`.
  Shape b_shape(std::int64_t out) const;
  /// Rows of mixing weights of one task and one linear, each over S: P, 1, O, or 0 without routing.
  std::int64_t mixtures() const;
  /// Routing logits of one task and one linear: P S, S, O S, or 0 without routing.
  std::int64_t logits() const { return mixtures() * skills; }
};

}  // namespace phatgoose
