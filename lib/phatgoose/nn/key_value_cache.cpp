#include "phatgoose/nn/key_value_cache.h"

#include <ATen/ATen.h>

namespace phatgoose {

at::Tensor KeyValueCache::append(std::uint32_t site, const at::Tensor& keys_values, const CachedRows* rows) {
  auto& [tokens, known] = pasts_[site];
  if (!tokens.defined()) {
    const std::int64_t count = rows == nullptr ? keys_values.size(0) : rows->count;
    tokens = at::empty({count, max_length_, keys_values.size(1)}, keys_values.options());
  }
  at::Tensor next = tokens.select(1, known++);  // [rows, columns]
  if (rows == nullptr) {
    next.copy_(keys_values);
  } else {
    next.index_copy_(0, rows->places, keys_values);
  }
  return tokens.flatten(0, 1);
}

void KeyValueCache::keep(const at::Tensor& kept) {
  for (auto& [site, past] : pasts_) past.tokens = past.tokens.index_select(0, kept);
}

}  // namespace phatgoose
