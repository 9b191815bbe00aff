// The fingerprint of a base model: names, dtypes, shapes and a sample of every tensor.
#include <algorithm>
#include <array>
#include <string_view>

#include "phatgoose/base/error.h"
#include "phatgoose/store/manifest.h"
#include "phatgoose/store/model_directory.h"
#include "phatgoose/store/tensor_archive.h"

namespace phatgoose {
namespace {

constexpr const char* kEmbedding = "shared.weight";
/// Names under which some containers repeat the embedding.
constexpr std::array<std::string_view, 3> kEmbeddingCopies = {"encoder.embed_tokens.weight",
                                                              "decoder.embed_tokens.weight", "lm_head.weight"};
/// Stored by old T5 releases and never used: cross-attention has no position bias.
constexpr std::string_view kUnused = "decoder.block.0.layer.1.EncDecAttention.relative_attention_bias.weight";

constexpr std::size_t kBlockBytes = 16 << 10;
constexpr std::size_t kBlocks = 4;

/// All data of a small tensor; of a large one, blocks at equal distances, the first and the last included.
std::string sample_hash(const TensorView& view) {
  if (view.bytes.size() <= kBlockBytes * kBlocks) return content_hash(view.bytes);
  std::string hashes;
  for (std::size_t i = 0; i < kBlocks; ++i) {
    const std::size_t begin = (view.bytes.size() - kBlockBytes) / (kBlocks - 1) * i;
    hashes += content_hash(view.bytes.subspan(begin, kBlockBytes));
  }
  return hashes;
}

std::string describe(const TensorView& view) {
  return std::string(name_of(view.dtype)) + ' ' + to_string(view.shape) + ' ' + sample_hash(view);
}

}  // namespace

std::string base_fingerprint(const fs::path& model_directory) {
  check_no_adapter(model_directory);
  const auto archive = open_model_archive(model_directory);
  const std::string embedding = archive->contains(kEmbedding) ? describe(archive->at(kEmbedding)) : std::string();
  std::string text;
  for (const auto& [name, view] : archive->tensors()) {
    if (name == kUnused) continue;
    const std::string description = describe(view);
    const bool may_copy = std::find(kEmbeddingCopies.begin(), kEmbeddingCopies.end(), name) != kEmbeddingCopies.end();
    if (may_copy && description == embedding) continue;
    text += name + ' ' + description + '\n';
  }
  return content_hash(std::as_bytes(std::span(text)));
}

}  // namespace phatgoose
