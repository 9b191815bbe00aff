// From scores to weights (METHODS 3.3 and 4): which experts a token uses, and how much of each. Common to all routers.
#pragma once

#include <ATen/core/Tensor.h>

#include "phatgoose/store/routing_settings.h"

namespace phatgoose {

/// The experts chosen for every token, in the order of falling score. There are as many slots as the token with most
/// choices needs; one with fewer has column -1 and weight 0 in its last slots.
struct Selection {
  at::Tensor columns;  ///< [N, slots] int32 on CPU: columns of the scores
  at::Tensor weights;  ///< [N, slots] fp32 on CPU
};

/// Takes the largest scores of every row: `settings.k` of them (all, where there are fewer), or with top_p the smallest
/// set whose softmax mass reaches p. Equal scores: the lower column wins. The weights are a softmax over the chosen of
/// score / temperature; with renorm_eps they are p / (sum of the chosen p + eps), p the softmax over the whole row.
/// A score of -infinity or NaN does not compete. `scores` [N, E]: fp32 on CPU, rows contiguous.
Selection select_experts(const at::Tensor& scores, const SelectionSettings& settings);

}  // namespace phatgoose
