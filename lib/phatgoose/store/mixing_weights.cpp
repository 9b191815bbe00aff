#include "phatgoose/store/mixing_weights.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <map>
#include <numeric>
#include <tuple>

#include "phatgoose/store/float_values.h"

namespace phatgoose {
namespace {

constexpr double kSumOffset = 1e-12;  // as in the original, and in PEFT

/// A block of a T5, or another module by its path; in order of the tables.
struct LayerKey {
  int stack;  ///< 0: encoder, 1: decoder, 2: neither
  std::int64_t number;
  std::string name;

  auto operator<=>(const LayerKey&) const = default;
};

LayerKey layer_of(const std::string& path) {
  int stack = 0;
  for (const std::string start : {"encoder.block.", "decoder.block."}) {
    std::int64_t number = 0;
    const char *begin = path.data() + std::min(start.size(), path.size()), *end = path.data() + path.size();
    const auto [after, error] = std::from_chars(begin, end, number);
    if (path.starts_with(start) && error == std::errc() && after != end && *after == '.') {
      return {stack, number, path.substr(0, static_cast<std::size_t>(after - path.data()))};
    }
    ++stack;
  }
  return {stack, 0, path};
}

/// Sums over the mixtures of the linears of one layer, for all tasks.
struct SkillSums {
  std::int64_t count = 0;
  double effective = 0;
  std::vector<double> weights;

  void add(const double* mixture, std::int64_t skills) {
    weights.resize(static_cast<std::size_t>(skills));
    for (std::size_t s = 0; s < weights.size(); ++s) weights[s] += mixture[s];
    effective += effective_skills(mixture, skills);
    ++count;
  }
};

/// Adds x_t . x_u of all rows to the upper triangle of `products` [tasks, tasks].
void add_products(const std::vector<double>& rows, std::size_t tasks, std::vector<double>& products) {
  const auto width = static_cast<std::ptrdiff_t>(rows.size() / tasks);
  const auto row = [&](std::size_t task) { return rows.begin() + static_cast<std::ptrdiff_t>(task) * width; };
  for (std::size_t t = 0; t < tasks; ++t) {
    for (std::size_t u = t; u < tasks; ++u) {
      products[t * tasks + u] += std::inner_product(row(t), row(t) + width, row(u), 0.0);
    }
  }
}

}  // namespace

std::vector<double> mixing_weights(const TensorView& logits, std::int64_t skills) {
  const std::vector<float> values = float_values(logits);
  std::vector<double> weights(values.size());
  const auto size = static_cast<std::size_t>(skills);
  for (std::size_t first = 0; first + size <= weights.size(); first += size) {
    double sum = kSumOffset;
    for (std::size_t s = first; s < first + size; ++s) {
      weights[s] = 1 / (1 + std::exp(-static_cast<double>(values[s])));
      sum += weights[s];
    }
    for (std::size_t s = first; s < first + size; ++s) weights[s] /= sum;
  }
  return weights;
}

double effective_skills(const double* weights, std::int64_t skills) {
  const double sum = std::accumulate(weights, weights + skills, 0.0);
  if (sum == 0) return 0;
  double entropy = 0;
  for (const double* weight = weights; weight != weights + skills; ++weight) {
    if (*weight > 0) entropy -= *weight / sum * std::log(*weight / sum);
  }
  return std::exp(entropy);
}

std::vector<double> task_similarity(const ModularDirectory& adapter) {
  const std::size_t tasks = adapter.tasks().size();
  std::vector<double> products(tasks * tasks), cosines(tasks * tasks);
  for (const auto& [path, entry] : adapter.entries()) {
    add_products(mixing_weights(entry.logits, adapter.shape().skills), tasks, products);
  }
  for (std::size_t t = 0; t < tasks; ++t) {
    for (std::size_t u = t; u < tasks; ++u) {
      const double norms = std::sqrt(products[t * tasks + t]) * std::sqrt(products[u * tasks + u]);
      const double cosine = norms > 0 ? std::min(products[t * tasks + u] / norms, 1.0) : std::nan("");
      cosines[t * tasks + u] = cosines[u * tasks + t] = cosine;
    }
  }
  return cosines;
}

std::vector<LayerSkills> skills_by_layer(const ModularDirectory& adapter) {
  const std::int64_t skills = adapter.shape().skills;
  std::map<LayerKey, SkillSums> layers;
  for (const auto& [path, entry] : adapter.entries()) {
    const std::vector<double> weights = mixing_weights(entry.logits, skills);
    SkillSums& sums = layers[layer_of(path)];
    for (auto at = weights.begin(); at != weights.end(); at += skills) sums.add(&*at, skills);
  }
  std::vector<LayerSkills> found;
  for (auto& [key, sums] : layers) {
    const auto count = static_cast<double>(sums.count);
    for (double& weight : sums.weights) weight /= count;
    found.push_back({key.name, sums.effective / count, std::move(sums.weights)});
  }
  return found;
}

}  // namespace phatgoose
