// A copy of a golden sentence encoder's directory, to be changed.
#pragma once

#include <ATen/core/Tensor.h>

#include <catch2/catch.hpp>
#include <string>
#include <utility>
#include <vector>

#include "phatgoose/base/json.h"
#include "phatgoose/nn/tensor_bridge.h"
#include "phatgoose/store/safetensors.h"
#include "support/golden.h"
#include "support/scratch_directory.h"

namespace phatgoose::test {

/// In which members of JSON files may be changed, and weights.
class EncoderCopy {
 public:
  explicit EncoderCopy(const std::string& golden) {
    fs::copy(golden_path(golden), directory(), fs::copy_options::recursive);
  }

  fs::path directory() const { return scratch_ / "copy"; }
  fs::path operator/(const std::string& file) const { return directory() / file; }

  void set(const std::string& file, const Json& members) const {
    Json json = read_json(*this / file);
    json.update(members);
    write_text(*this / file, json.dump());
  }
  void remove(const std::string& file) const { REQUIRE(fs::remove_all(*this / file) > 0); }
  /// The weights written anew, `change` having seen each of them.
  template <typename Change>
  void rewrite_weights(const Change& change) const {
    std::vector<at::Tensor> keep;
    std::vector<NamedTensor> tensors;
    {
      const SafetensorsFile file(*this / "model.safetensors");
      for (const auto& [name, view] : file.tensors()) {
        std::string new_name = name;
        at::Tensor tensor = to_tensor(view, at::kCPU, at::kFloat);
        change(new_name, tensor);
        if (new_name.empty()) continue;
        keep.push_back(tensor.contiguous());
        tensors.push_back(to_named(new_name, keep.back()));
      }
    }
    remove("model.safetensors");
    write_safetensors(*this / "model.safetensors", std::move(tensors));
  }

 private:
  ScratchDirectory scratch_;
};

}  // namespace phatgoose::test
