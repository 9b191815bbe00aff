#include "phatgoose/train/epoch_source.h"

namespace phatgoose {

EpochSource::EpochSource(const std::vector<Example>& examples, std::int64_t batch, std::unique_ptr<RowOrder> order)
    : examples_(examples), order_(std::move(order)), batch_(batch) {}

std::vector<Example> EpochSource::next() {
  std::vector<Example> batch;
  for (const std::int64_t row : order_->global_batch(step_, batch_)) batch.push_back(examples_[row]);
  ++step_;
  return batch;
}

void EpochSource::seek(const Json& position) { step_ = position.get<std::int64_t>(); }

}  // namespace phatgoose
