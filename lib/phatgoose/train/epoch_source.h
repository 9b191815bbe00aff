// Training examples in epochs: every row once per epoch, in an order that is a pure function of (seed, epoch).
#pragma once

#include <cstdint>
#include <vector>

#include "phatgoose/data/batching.h"
#include "phatgoose/train/example_source.h"

namespace phatgoose {

class EpochSource : public ExampleSource {
 public:
  /// Steps take `batch` rows each from the epochs laid end to end. `examples` must outlive the source and not be empty.
  /// Without `shuffle` every epoch keeps the order given.
  EpochSource(const std::vector<Example>& examples, std::int64_t batch, bool shuffle, std::uint64_t seed);

  std::vector<Example> next() override;
  Json position() const override { return step_; }
  void seek(const Json& position) override;

 private:
  const std::vector<Example>& examples_;
  DataOrder order_;
  std::int64_t batch_;
  std::int64_t step_ = 0;  ///< steps handed out so far
};

}  // namespace phatgoose
