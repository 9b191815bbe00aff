// GLIDER's global scores (METHODS 5): how alike the descriptions of an input's task and of an expert's are.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <span>
#include <vector>

#include "phatgoose/routing/input_scorer.h"
#include "phatgoose/store/alpha.h"

namespace phatgoose {

class DescriptionScorer : public InputScorer {
 public:
  /// One description for each expert.
  DescriptionScorer(std::span<const StoredEmbeddings> experts, Alpha alpha);

  /// alpha cos(d_e, q), q being an embedded description; alpha is that of the settings, or automatic_alpha().
  at::Tensor scores(const at::Tensor& descriptions, std::int64_t excluded) const override;  // [n, D] -> [n, E]

  /// The rule of "auto", which knows nothing of suites: how far the best match stands out from the likeness that the
  /// experts' own descriptions have. With `best` = max_e cos(d_e, q) and `usual`, the mean over experts of the cosine
  /// with the expert most alike, t = (best - usual) / (1 - usual), cut to [0, 1], and alpha = 3 (100 / 3)^t: the
  /// released value for unknown tasks where q is no more alike to any expert than experts are to each other, and that
  /// for known ones where q is an expert's description. One expert: t = 0.
  static double automatic_alpha(double best, double usual);

 private:
  Alpha alpha_;
  at::Tensor experts_;    // [E, D] fp64, each of length 1
  at::Tensor alikeness_;  // [E, E] fp64: cosines of different experts; -infinity on the diagonal
};

}  // namespace phatgoose
