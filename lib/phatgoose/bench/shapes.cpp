#include "phatgoose/bench/shapes.h"

#include <algorithm>
#include <iterator>

namespace phatgoose {
namespace {

struct NamedShape {
  const char* name;
  std::int64_t layers, d_model, d_ff, heads;
};

constexpr NamedShape kShapes[] = {{"t5-v1.1-small", 8, 512, 1024, 6},
                                  {"t5-v1.1-base", 12, 768, 2048, 12},
                                  {"t5-v1.1-large", 24, 1024, 2816, 16},
                                  {"t5-v1.1-xl", 24, 2048, 5120, 32},
                                  {"t5-v1.1-xxl", 24, 4096, 10240, 64}};

}  // namespace

std::optional<T5Config> named_shape(const std::string& name) {
  const auto* found = std::ranges::find(kShapes, name, &NamedShape::name);
  if (found == std::end(kShapes)) return std::nullopt;
  T5Config config;
  config.num_layers = config.num_decoder_layers = found->layers;
  config.d_model = found->d_model;
  config.d_ff = found->d_ff;
  config.num_heads = found->heads;
  config.tie_word_embeddings = false;
  return config;
}

}  // namespace phatgoose
