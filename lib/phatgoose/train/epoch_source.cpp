#include "phatgoose/train/epoch_source.h"

namespace phatgoose {

EpochSource::EpochSource(const std::vector<Example>& examples, std::int64_t batch, bool shuffle, std::uint64_t seed)
    : examples_(examples), order_(static_cast<std::int64_t>(examples.size()), seed, shuffle), batch_(batch) {}

std::vector<Example> EpochSource::next() {
  std::vector<Example> batch;
  for (const std::int64_t row : order_.global_batch(step_, batch_)) batch.push_back(examples_[row]);
  ++step_;
  return batch;
}

void EpochSource::seek(const Json& position) { step_ = position.get<std::int64_t>(); }

}  // namespace phatgoose
