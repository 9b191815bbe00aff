// The fingerprint of a base model: names, dtypes, shapes and a sample of every tensor.
#include <string_view>

#include "phatgoose/base/error.h"
#include "phatgoose/store/manifest.h"
#include "phatgoose/store/model_directory.h"
#include "phatgoose/store/t5_names.h"
#include "phatgoose/store/tensor_archive.h"

namespace phatgoose {
namespace {

constexpr const char* kEmbedding = kEmbeddingNames.front();

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
  check_base_directory(model_directory);
  const auto archive = open_model_archive(model_directory);
  const std::string embedding = archive->contains(kEmbedding) ? describe(archive->at(kEmbedding)) : std::string();
  std::string text;
  for (const auto& [name, view] : archive->tensors()) {
    if (name == kUnusedTable) continue;
    const std::string description = describe(view);
    const bool copy = name != kEmbedding && shares_embedding(name) && description == embedding;
    if (copy) continue;
    text += name + ' ' + description + '\n';
  }
  return content_hash(std::as_bytes(std::span(text)));
}

}  // namespace phatgoose
