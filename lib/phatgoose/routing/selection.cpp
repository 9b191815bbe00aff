#include "phatgoose/routing/selection.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <span>
#include <vector>

namespace phatgoose {
namespace {

constexpr float kLowest = -std::numeric_limits<float>::infinity();
constexpr std::int64_t kSelectionRowsPerTask = 64;

/// One token's slots while they are being filled.
struct Slots {
  std::span<std::int32_t> columns;  ///< -1 where empty
  std::span<float> weights;         ///< hold the scores until weigh() replaces them
};

/// Fills the slots with the largest scores, in falling order. A later column displaces an earlier one only when it is
/// strictly larger.
void take_largest(std::span<const float> scores, const Slots& slots) {
  const std::size_t last = slots.columns.size() - 1;
  std::fill(slots.columns.begin(), slots.columns.end(), -1);
  std::fill(slots.weights.begin(), slots.weights.end(), kLowest);
  for (std::size_t column = 0; column < scores.size(); ++column) {
    const float score = scores[column];
    if (!(score > slots.weights[last])) continue;
    std::size_t place = last;
    for (; place > 0 && score > slots.weights[place - 1]; --place) {
      slots.weights[place] = slots.weights[place - 1];
      slots.columns[place] = slots.columns[place - 1];
    }
    slots.weights[place] = score;
    slots.columns[place] = static_cast<std::int32_t>(column);
  }
}

/// Sum of exp((score - largest) / temperature) over the whole row.
float mass_of_row(std::span<const float> scores, float largest, float temperature) {
  float sum = 0.0F;
  for (const float score : scores) {
    if (score > kLowest) sum += std::exp((score - largest) / temperature);
  }
  return sum;
}

/// With all columns in falling order, empties the slots after the smallest prefix whose share of `mass` reaches p.
void keep_top_p(const Slots& slots, float mass, float temperature, double p) {
  double reached = 0.0;
  std::size_t kept = 0;
  while (kept < slots.columns.size() && slots.columns[kept] >= 0 && (kept == 0 || reached < p * mass)) {
    reached += std::exp((slots.weights[kept] - slots.weights[0]) / temperature);
    ++kept;
  }
  std::fill(slots.columns.begin() + static_cast<std::ptrdiff_t>(kept), slots.columns.end(), -1);
}

/// Replaces the scores in the slots by their softmax; `missing` is added to the denominator (renorm_eps * mass).
void weigh(const Slots& slots, float temperature, float missing) {
  const float largest = slots.weights[0];
  float sum = missing;
  for (std::size_t slot = 0; slot < slots.columns.size(); ++slot) {
    slots.weights[slot] = slots.columns[slot] < 0 ? 0.0F : std::exp((slots.weights[slot] - largest) / temperature);
    sum += slots.weights[slot];
  }
  if (slots.columns[0] < 0) return;
  for (float& weight : slots.weights) weight /= sum;
}

/// The most slots that a token uses; at least one.
std::int64_t used_slots(const Selection& selection) {
  const std::int64_t tokens = selection.columns.size(0), slots = selection.columns.size(1);
  const auto* columns = selection.columns.const_data_ptr<std::int32_t>();
  std::int64_t used = 1;
  for (std::int64_t token = 0; token < tokens && used < slots; ++token) {
    while (used < slots && columns[token * slots + used] >= 0) ++used;
  }
  return used;
}

/// Cuts the slots that no token uses: where few experts compete for a token, each further slot would be an empty pass
/// over all experts.
void drop_unused_slots(Selection& selection) {
  const std::int64_t used = used_slots(selection);
  if (used == selection.columns.size(1)) return;
  selection.columns = selection.columns.narrow(1, 0, used).contiguous();
  selection.weights = selection.weights.narrow(1, 0, used).contiguous();
}

}  // namespace

Selection select_experts(const at::Tensor& scores, const SelectionSettings& settings) {
  const std::int64_t tokens = scores.size(0), experts = scores.size(1), stride = scores.stride(0);
  const std::int64_t slot_count = settings.top_p ? experts : std::min(settings.k, experts);
  Selection selection{at::empty({tokens, slot_count}, at::kInt), at::empty({tokens, slot_count}, at::kFloat)};
  if (slot_count == 0) return selection;

  const float* all_scores = scores.const_data_ptr<float>();
  auto* columns = selection.columns.mutable_data_ptr<std::int32_t>();
  auto* weights = selection.weights.mutable_data_ptr<float>();
  const auto temperature = static_cast<float>(settings.temperature);
  at::parallel_for(0, tokens, kSelectionRowsPerTask, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t token = begin; token < end; ++token) {
      const std::span row(all_scores + token * stride, static_cast<std::size_t>(experts));
      const Slots slots{{columns + token * slot_count, static_cast<std::size_t>(slot_count)},
                        {weights + token * slot_count, static_cast<std::size_t>(slot_count)}};
      take_largest(row, slots);
      const bool needs_mass = settings.top_p || settings.renorm_eps > 0.0;
      const float mass = needs_mass ? mass_of_row(row, slots.weights[0], temperature) : 0.0F;
      if (settings.top_p) keep_top_p(slots, mass, temperature, *settings.top_p);
      weigh(slots, temperature, static_cast<float>(settings.renorm_eps) * mass);
    }
  });
  drop_unused_slots(selection);
  return selection;
}

}  // namespace phatgoose
