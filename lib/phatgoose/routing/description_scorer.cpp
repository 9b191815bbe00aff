#include "phatgoose/routing/description_scorer.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "phatgoose/nn/tensor_bridge.h"

namespace phatgoose {
namespace {

constexpr double kNone = -std::numeric_limits<double>::infinity();

/// The mean over experts of the cosine with the one most alike; NaN where there are fewer than two.
double usual_alikeness(const at::Tensor& alikeness) {
  const at::Tensor nearest = std::get<0>(alikeness.max(1));  // [E]
  const at::Tensor known = nearest.masked_select(nearest.isfinite());
  return known.numel() == 0 ? std::numeric_limits<double>::quiet_NaN() : known.mean().item<double>();
}

}  // namespace

DescriptionScorer::DescriptionScorer(std::span<const StoredEmbeddings> experts, Alpha alpha)
    : InputScorer(experts), alpha_(alpha) {
  std::vector<at::Tensor> rows;
  for (const StoredEmbeddings& stored : experts) {
    rows.push_back(to_tensor(stored.embeddings, at::kCPU, at::kFloat).narrow(0, 0, 1));
  }
  if (rows.empty()) return;
  experts_ = at::cat(rows).to(at::kDouble);  // [E, D]
  alikeness_ = at::mm(experts_, experts_.t());
  alikeness_.fill_diagonal_(kNone);
}

double DescriptionScorer::automatic_alpha(double best, double usual) {
  if (!std::isfinite(best) || !std::isfinite(usual) || usual >= 1) return kHeldOutAlpha;
  const double distance = std::clamp((best - usual) / (1 - usual), 0.0, 1.0);
  return kHeldOutAlpha * std::pow(kHeldInAlpha / kHeldOutAlpha, distance);
}

at::Tensor DescriptionScorer::scores(const at::Tensor& descriptions, std::int64_t excluded) const {
  at::Tensor cosines = at::mm(descriptions.to(at::kDouble), experts_.t());  // [n, E]
  at::Tensor alikeness = alikeness_;
  if (excluded >= 0) {
    cosines.select(1, excluded).fill_(kNone);
    alikeness = alikeness_.clone();
    alikeness.select(0, excluded).fill_(kNone);
    alikeness.select(1, excluded).fill_(kNone);
  }
  if (!alpha_.is_auto()) {
    // 0 times -infinity is no number
    const at::Tensor scaled = cosines.mul(*alpha_.value);
    return at::where(cosines.isfinite(), scaled, cosines).to(at::kFloat);
  }
  const double usual = usual_alikeness(alikeness);
  const at::Tensor best = std::get<0>(cosines.max(1)).contiguous();  // [n]
  for (std::int64_t row = 0; row < cosines.size(0); ++row) {
    cosines[row].mul_(automatic_alpha(best.const_data_ptr<double>()[row], usual));
  }
  return cosines.to(at::kFloat);  // [n, E]
}

}  // namespace phatgoose
