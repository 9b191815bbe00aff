#include "phatgoose/nn/key_value_cache.h"

#include <ATen/ATen.h>

namespace phatgoose {

KeyValueCache::KeyValueCache(std::int64_t rows, std::int64_t max_length, std::int64_t columns,
                             const at::TensorOptions& options)
    : tokens_(at::empty({rows, max_length, columns}, options)) {}

at::Tensor KeyValueCache::append(const at::Tensor& keys_values) {
  tokens_.select(1, known_++).copy_(keys_values);
  return tokens_.flatten(0, 1);
}

void KeyValueCache::keep(const at::Tensor& kept) { tokens_ = tokens_.index_select(0, kept); }

}  // namespace phatgoose
