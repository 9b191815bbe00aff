#include "phatgoose/train/packed_inputs.h"

#include <ATen/ATen.h>

namespace phatgoose {

PackedIds pack_inputs(std::span<const Example> examples, std::span<const std::int64_t> rows, at::Device device) {
  std::vector<TokenIds> inputs;
  std::vector<std::int64_t> tasks;
  for (const std::int64_t row : rows) {
    inputs.push_back(examples[row].input);
    tasks.push_back(examples[row].task);
  }
  PackedIds packed = pack_ids(inputs, device);
  packed.rows.tasks = at::tensor(tasks, at::kLong);                                                  // [rows]
  packed.rows.places = at::tensor(at::ArrayRef<std::int64_t>(rows.data(), rows.size()), at::kLong);  // [rows]
  return packed;
}

}  // namespace phatgoose
