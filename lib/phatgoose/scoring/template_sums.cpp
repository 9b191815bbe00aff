#include "phatgoose/scoring/template_sums.h"

#include <algorithm>
#include <limits>

namespace phatgoose {

void TemplateSums::add(std::size_t example, const std::string& name, std::span<const double> statistics) {
  const std::size_t place = numbers_.emplace(name, numbers_.size()).first->second;
  rows_.push_back({place, example});
  statistics_.insert(statistics_.end(), statistics.begin(), statistics.end());
}

std::vector<std::int64_t> TemplateSums::rows() const {
  std::vector<std::int64_t> counts(numbers_.size(), 0);
  for (const Row& row : rows_) ++counts[row.place];
  return counts;
}

std::vector<std::int64_t> TemplateSums::examples() const {
  std::vector<Row> distinct = rows_;
  std::ranges::sort(distinct);
  distinct.erase(std::unique(distinct.begin(), distinct.end()), distinct.end());
  std::vector<std::int64_t> counts(numbers_.size(), 0);
  for (const Row& row : distinct) ++counts[row.place];
  return counts;
}

std::vector<double> TemplateSums::scores(DrawCounts counts, const ScoreOf& score_of) const {
  std::vector<double> totals(numbers_.size() * width_, 0);
  std::vector<std::int64_t> drawn(numbers_.size(), 0);
  const double* statistics = statistics_.data();
  for (const Row& row : rows_) {
    const std::int32_t count = counts[row.example];
    drawn[row.place] += count;
    for (std::size_t i = 0; i < width_; ++i) totals[row.place * width_ + i] += count * *statistics++;
  }
  std::vector<double> scores(numbers_.size(), std::numeric_limits<double>::quiet_NaN());
  for (std::size_t place = 0; place < scores.size(); ++place) {
    if (drawn[place] > 0) scores[place] = score_of(std::span(totals).subspan(place * width_, width_));
  }
  return scores;
}

}  // namespace phatgoose
