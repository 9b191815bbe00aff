#include "phatgoose/report/similarity.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <future>
#include <map>
#include <numeric>
#include <set>

#include "phatgoose/base/error.h"
#include "phatgoose/base/thread_count.h"
#include "phatgoose/report/table_bands.h"
#include "phatgoose/store/float_values.h"

namespace phatgoose {
namespace {

using Values = std::vector<float>;

/// Sums over linears of the cosines between experts, symmetric, with the number of terms.
class CosineSums {
 public:
  explicit CosineSums(std::size_t experts) : experts_(experts), sums_(experts * experts), counts_(experts * experts) {}

  void add(std::size_t i, std::size_t j, double cosine) {
    sums_[i * experts_ + j] += cosine;
    ++counts_[i * experts_ + j];
  }

  void add(const CosineSums& other) {
    std::transform(sums_.begin(), sums_.end(), other.sums_.begin(), sums_.begin(), std::plus<>());
    std::transform(counts_.begin(), counts_.end(), other.counts_.begin(), counts_.begin(), std::plus<>());
  }

  /// Rows of means, six decimals; null where there is nothing to take the mean of.
  Json means() const {
    Json rows = Json::array();
    for (std::size_t i = 0; i < experts_; ++i) {
      Json& row = rows.emplace_back(Json::array());
      for (std::size_t j = 0; j < experts_; ++j) {
        const std::size_t at = std::min(i, j) * experts_ + std::max(i, j);
        const double mean = sums_[at] / counts_[at];
        row.push_back(counts_[at] == 0 ? Json(nullptr) : Json(std::round(mean * 1e6) / 1e6));
      }
    }
    return rows;
  }

 private:
  std::size_t experts_;
  std::vector<double> sums_;
  std::vector<int> counts_;
};

/// x . y, in lanes that the compiler turns into vector instructions.
double dot(const float* x, const float* y, std::size_t count) {
  constexpr std::size_t kLanes = 16;
  std::array<float, kLanes> lanes{};
  std::size_t i = 0;
  for (; i + kLanes <= count; i += kLanes) {
    for (std::size_t lane = 0; lane < kLanes; ++lane) lanes[lane] += x[i + lane] * y[i + lane];
  }
  double sum = std::accumulate(lanes.begin(), lanes.end(), 0.0);
  for (; i < count; ++i) sum += static_cast<double>(x[i]) * y[i];
  return sum;
}

/// Divides by the largest absolute value, so that no product of two entries leaves the range of float.
Values scaled(Values values) {
  float largest = 0.0f;
  for (const float value : values) largest = std::max(largest, std::abs(value));
  if (largest > 0.0f) {
    for (float& value : values) value /= largest;
  }
  return values;
}

/// A gate without its mean: the direction of LN(v).
Values centred(const TensorView& gate) {
  Values values = scaled(float_values(gate));
  const double mean = std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
  for (float& value : values) value = static_cast<float>(value - mean);
  return values;
}

/// B A as its factors: the rows of A [R, in], and those of B's transpose [R, out].
struct Product {
  std::size_t rank, in, out;
  Values a, b;

  explicit Product(const LoraEntry& lora)
      : rank(static_cast<std::size_t>(lora.rank)),
        in(static_cast<std::size_t>(lora.a.shape[1])),
        out(static_cast<std::size_t>(lora.b.shape[0])),
        a(scaled(float_values(lora.a))),
        b(scaled(transposed_values(lora.b))) {}
};

/// <B_x A_x, B_y A_y> = sum over r, s of (A_x A_y^T)_rs (B_x^T B_y)_rs.
double inner(const Product& x, const Product& y) {
  double sum = 0.0;
  for (std::size_t r = 0; r < x.rank; ++r) {
    for (std::size_t s = 0; s < y.rank; ++s) {
      sum += dot(&x.a[r * x.in], &y.a[s * y.in], x.in) * dot(&x.b[r * x.out], &y.b[s * y.out], x.out);
    }
  }
  return sum;
}

double inner(const Values& x, const Values& y) { return dot(x.data(), y.data(), x.size()); }

/// Adds the cosine of every two items to `sums`, under their experts' numbers. A norm that rounding alone makes differ
/// from zero is none.
template <typename Item>
void add_cosines(const std::vector<std::pair<std::size_t, Item>>& items, CosineSums& sums) {
  constexpr double kZero = 1e-12;  // entries are of the order of 1
  std::vector<double> norms;
  for (const auto& [expert, item] : items) norms.push_back(std::sqrt(std::max(0.0, inner(item, item))));
  for (std::size_t i = 0; i < items.size(); ++i) {
    for (std::size_t j = i; j < items.size(); ++j) {
      if (norms[i] <= kZero || norms[j] <= kZero) continue;
      const double cosine = i == j ? 1.0 : inner(items[i].second, items[j].second) / (norms[i] * norms[j]);
      sums.add(items[i].first, items[j].first, std::clamp(cosine, -1.0, 1.0));
    }
  }
}

struct Similarity {
  CosineSums gates, loras;

  explicit Similarity(std::size_t experts) : gates(experts), loras(experts) {}
};

void add_linear(std::span<const ExpertDirectory> experts, const std::string& path, Similarity& sums) {
  std::vector<std::pair<std::size_t, Values>> gates;
  std::vector<std::pair<std::size_t, Product>> products;
  for (std::size_t e = 0; e < experts.size(); ++e) {
    const auto lora = experts[e].loras().find(path);
    if (lora == experts[e].loras().end()) continue;
    products.emplace_back(e, Product(lora->second));
    if (experts[e].has_gate()) gates.emplace_back(e, centred(experts[e].gates().at(path)));
  }
  add_cosines(gates, sums.gates);
  add_cosines(products, sums.loras);
}

/// Every linear that an expert adapts; all experts must give it the same size.
std::vector<std::string> check_linears(std::span<const ExpertDirectory> experts) {
  std::map<std::string, const ExpertDirectory*> first;
  std::vector<std::string> paths;
  for (const ExpertDirectory& expert : experts) {
    for (const auto& [path, lora] : expert.loras()) {
      const auto [owner, is_new] = first.emplace(path, &expert);
      if (is_new) paths.push_back(path);
      const LoraEntry& other = owner->second->loras().at(path);
      if (lora.a.shape[1] == other.a.shape[1] && lora.b.shape[0] == other.b.shape[0]) continue;
      refuse(expert.path().string() + ": " + path,
             fmt::format("a linear of [{}, {}]", lora.b.shape[0], lora.a.shape[1]),
             fmt::format("[{}, {}], as in {}", other.b.shape[0], other.a.shape[1], owner->second->path().string()),
             "experts of one base can be compared");
    }
  }
  return paths;
}

/// Sums over all linears in their order, so that the result does not depend on the processors, which share the work.
Similarity sum_over(std::span<const ExpertDirectory> experts, const std::vector<std::string>& paths) {
  Similarity total(experts.size());
  const auto of_linear = [&](std::size_t at) {
    Similarity sums(experts.size());
    add_linear(experts, paths[at], sums);
    return sums;
  };
  const auto workers = static_cast<std::size_t>(resolve_threads(0).count);
  for (std::size_t first = 0; first < paths.size(); first += workers) {
    std::vector<std::future<Similarity>> running;
    for (std::size_t at = first; at < std::min(first + workers, paths.size()); ++at) {
      running.push_back(std::async(std::launch::async, of_linear, at));
    }
    for (std::future<Similarity>& one : running) {
      const Similarity sums = one.get();
      total.gates.add(sums.gates);
      total.loras.add(sums.loras);
    }
  }
  return total;
}

/// Names where they differ, otherwise paths.
std::vector<std::string> labels_of(std::span<const ExpertDirectory> experts) {
  std::vector<std::string> names, paths;
  for (const ExpertDirectory& expert : experts) {
    names.push_back(expert.name());
    paths.push_back(expert.path().string());
  }
  return std::set<std::string>(names.begin(), names.end()).size() == names.size() ? names : paths;
}

}  // namespace

Json expert_similarity(std::span<const ExpertDirectory> experts) {
  const Similarity sums = sum_over(experts, check_linears(experts));
  return {{"experts", labels_of(experts)}, {"gates", sums.gates.means()}, {"loras", sums.loras.means()}};
}

std::string similarity_text(const Json& similarity) {
  const Json& experts = similarity.at("experts");
  return matrix_text("gates", experts, similarity.at("gates")) + "\n" +
         matrix_text("LoRAs", experts, similarity.at("loras"));
}

}  // namespace phatgoose
