// Training examples in epochs: of all rows together, or of each data set by itself, as a RowOrder says.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "phatgoose/data/batching.h"
#include "phatgoose/train/example_source.h"

namespace phatgoose {

class EpochSource : public ExampleSource {
 public:
  /// Steps take `batch` rows each from `order`, whose rows are indices of `examples`, which must outlive the source.
  EpochSource(const std::vector<Example>& examples, std::int64_t batch, std::unique_ptr<RowOrder> order);

  std::vector<Example> next() override;
  Json position() const override { return step_; }
  void seek(const Json& position) override;

 private:
  const std::vector<Example>& examples_;
  std::unique_ptr<RowOrder> order_;
  std::int64_t batch_;
  std::int64_t step_ = 0;  ///< steps handed out so far
};

}  // namespace phatgoose
