// A golden base with some of its tensors and settings changed.
#pragma once

#include <algorithm>
#include <list>
#include <map>
#include <string>
#include <vector>

#include "phatgoose/base/json.h"
#include "phatgoose/store/safetensors.h"
#include "support/golden.h"

namespace phatgoose::test {

/// Starts as the golden model of that name (one whose weights are one safetensors file); change `config` and `tensors`,
/// then write().
class T5Variant {
  SafetensorsFile file_;
  std::list<std::vector<std::byte>> shuffled_;

 public:
  Json config;
  std::map<std::string, TensorView> tensors;

  explicit T5Variant(const std::string& golden)
      : file_(golden_path(golden) / "model/model.safetensors"),
        config(read_json((golden_path(golden) / "model/config.json").string())),
        tensors(file_.tensors()) {}

  T5Variant& rename(const std::string& from, const std::string& to) {
    copy(from, to).tensors.erase(from);
    return *this;
  }
  T5Variant& copy(const std::string& from, const std::string& to) {
    tensors[to] = tensors.at(from);
    return *this;
  }
  /// As copy, with the order of the bytes' quarters changed: other numbers, as finite as before.
  T5Variant& shuffle(const std::string& from, const std::string& to) {
    const TensorView& view = tensors.at(from);
    std::vector<std::byte>& bytes = shuffled_.emplace_back(view.bytes.begin(), view.bytes.end());
    std::rotate(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(bytes.size() / 4), bytes.end());
    tensors[to] = {view.dtype, view.shape, bytes};
    return *this;
  }
  T5Variant& erase(const std::string& name) {
    tensors.erase(name);
    return *this;
  }
  /// null removes the key.
  T5Variant& set(const std::string& key, const Json& value) {
    config[key] = value;
    if (value.is_null()) config.erase(key);
    return *this;
  }

  void write(const fs::path& directory) const {
    std::vector<NamedTensor> named;
    for (const auto& [name, view] : tensors) named.push_back({name, view});
    make_directories(directory);
    write_safetensors(directory / "model.safetensors", named, {{"format", "pt"}});
    write_file(directory / "config.json", config.dump(1) + "\n");
  }
};

}  // namespace phatgoose::test
