#include "phatgoose/nn/key_value_cache.h"

#include <ATen/ATen.h>

namespace phatgoose {

at::Tensor KeyValueCache::append(std::uint32_t site, const at::Tensor& keys_values) {
  auto& [tokens, known] = pasts_[site];
  if (!tokens.defined()) {
    tokens = at::empty({keys_values.size(0), max_length_, keys_values.size(1)}, keys_values.options());
  }
  tokens.select(1, known++).copy_(keys_values);
  return tokens.flatten(0, 1);
}

void KeyValueCache::keep(const at::Tensor& kept) {
  for (auto& [site, past] : pasts_) past.tokens = past.tokens.index_select(0, kept);
}

}  // namespace phatgoose
