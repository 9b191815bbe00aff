#include "phatgoose/eval/encoder_cache.h"

#include <ATen/ATen.h>

namespace phatgoose {
namespace {

/// Equal for equal batches only: how many rows, their lengths, their ids.
std::vector<std::int64_t> key_of(const PackedIds& input) {
  const Packing& packing = input.packing;
  std::vector<std::int64_t> key = {packing.rows()};
  for (std::int64_t row = 0; row < packing.rows(); ++row) key.push_back(packing.length(row));
  const at::Tensor ids = input.ids.to(at::kCPU, at::kLong).contiguous();
  const std::int64_t* values = ids.const_data_ptr<std::int64_t>();
  key.insert(key.end(), values, values + ids.numel());
  return key;
}

}  // namespace

at::Tensor EncoderCache::states(const T5Model& model, const PackedIds& input) {
  std::vector<std::int64_t> key = key_of(input);
  if (const auto found = kept_.find(key); found != kept_.end()) {
    ++reused_;
    return found->second;
  }
  ++computed_;
  at::Tensor states = model.encode_states(input);
  const auto size = static_cast<std::int64_t>(states.nbytes() + key.size() * sizeof(key.front()));
  if (bytes_ + size <= byte_limit_) {
    bytes_ += size;
    kept_.emplace(std::move(key), states);
  }
  return states;
}

EncodedRows encode_with(const T5Model& model, const PackedIds& input, EncoderCache* cache) {
  if (cache == nullptr) return model.encode(input);
  return model.prepare_cross_attention(cache->states(model, input), input);
}

}  // namespace phatgoose
