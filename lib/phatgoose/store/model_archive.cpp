// Which files of a model directory hold its tensors: one file, or shards named by an index.
#include <set>
#include <utility>

#include "phatgoose/base/error.h"
#include "phatgoose/base/json.h"
#include "phatgoose/store/float_values.h"
#include "phatgoose/store/safetensors.h"
#include "phatgoose/store/t5_names.h"
#include "phatgoose/store/torch_zip.h"

namespace phatgoose {
namespace {

constexpr const char* kSafetensors = "model.safetensors";
constexpr const char* kTorch = "pytorch_model.bin";

/// The shards that an index names, seen as one archive.
class ShardedArchive : public TensorArchive {
 public:
  explicit ShardedArchive(const fs::path& index);
  std::string where(const std::string& name) const override;

 private:
  fs::path index_;
  std::map<std::string, std::unique_ptr<TensorArchive>> shards_;  ///< by file name
  std::map<std::string, std::string> shard_of_;                   ///< the file that holds it, by tensor name
};

/// The index's weight_map: tensor name to file name.
std::map<std::string, std::string> weight_map_of(const Json& index) {
  const Json weight_map = json_get<Json>(index, "weight_map");
  if (!weight_map.is_object()) refuse_here("weight_map is not an object", "tensor name to file name");
  std::map<std::string, std::string> files;
  for (const auto& [name, file] : weight_map.items()) {
    const bool plain_name = file.is_string() && fs::path(file.get<std::string>()).filename() == file.get<std::string>();
    if (!plain_name || file.get<std::string>().empty()) {
      refuse(name, file.dump(), "the name of a file next to the index");
    }
    files.emplace(name, file.get<std::string>());
  }
  return files;
}

/// Index and shards must agree, except about the tensors that are tied to the embedding: writers have left them out of
/// the shards and listed them all the same (the hub's FLAN-T5-XL), or the other way round, and what is stored is what
/// counts.
ShardedArchive::ShardedArchive(const fs::path& index) : index_(index) {
  const std::map<std::string, std::string> placed_in = read_json(index, weight_map_of);
  std::set<std::string> files;
  for (const auto& [name, file] : placed_in) files.insert(file);
  for (const std::string& file : files) {
    const fs::path path = index_.parent_path() / file;
    if (!is_file(path)) refuse(index_, "the shard " + file + " is missing", "", "copy it next to the index");
    const TensorArchive& shard = *shards_.emplace(file, open_archive(path)).first->second;
    for (const auto& [name, view] : shard.tensors()) {
      const auto placed = placed_in.find(name);
      const bool here = placed != placed_in.end() && placed->second == file;
      if (!here && !shares_embedding(name)) {
        refuse(shard.where(name),
               "the index places this tensor " + (placed == placed_in.end() ? "nowhere" : "in " + placed->second), "",
               "index and shards belong to different checkpoints");
      }
      const auto [held, first] = tensors_.emplace(name, view);
      if (first) shard_of_.emplace(name, file);
      if (!first && !equal_values(held->second, view)) {
        refuse(shard.where(name), "not the tensor of this name in " + shard_of_.at(name), "each tensor once");
      }
    }
  }
  for (const auto& [name, file] : placed_in) {
    if (!tensors_.contains(name) && !shares_embedding(name)) {
      refuse(index_.string() + ": " + name, "the shard " + file + " does not hold this tensor", "",
             "index and shards belong to different checkpoints");
    }
  }
}

std::string ShardedArchive::where(const std::string& name) const {
  const auto found = shard_of_.find(name);
  return found == shard_of_.end() ? index_.string() + ": " + name : shards_.at(found->second)->where(name);
}

}  // namespace

std::unique_ptr<TensorArchive> open_archive(const fs::path& path) {
  if (path.extension() == ".safetensors") return std::make_unique<SafetensorsFile>(path);
  return std::make_unique<TorchZipFile>(path);
}

std::unique_ptr<TensorArchive> open_model_archive(const fs::path& directory) {
  for (const std::string name : {kSafetensors, kTorch}) {
    if (is_file(directory / name)) return open_archive(directory / name);
    const fs::path index = directory / (name + ".index.json");
    if (is_file(index)) return std::make_unique<ShardedArchive>(index);
  }
  refuse(directory, "no weights", "model.safetensors or pytorch_model.bin, or their index of shards");
}

}  // namespace phatgoose
