// Modular adapters of made-up numbers, as files.
#pragma once

#include <cmath>
#include <string>
#include <vector>

#include "phatgoose/store/manifest.h"
#include "phatgoose/store/modular_directory.h"
#include "phatgoose/store/modular_manifest.h"

namespace phatgoose::test {

/// Of two linears, the first [in 32, out 24], the second [in 24, out 32], as those of the golden base are.
struct ModularAdapter {
  ModularShape shape;
  std::vector<std::string> tasks = {"zoo", "station"};
  std::vector<LinearSpec> linears = {{"encoder.block.0.layer.0.SelfAttention.q", 32, 24},
                                     {"decoder.block.1.layer.1.EncDecAttention.o", 24, 32}};
  std::string fingerprint = "0123456789abcdef";
  std::vector<std::vector<float>> logits = {};  ///< of each linear; without them, numbers that count up from 0

  /// What a manifest says.
  Json body() const {
    Json body = {{"name", "adapter"}};
    body.update(to_json(shape));
    body["tasks"] = tasks;
    body["base"] = {{"path", "t5"}, {"fingerprint", fingerprint}};
    return body;
  }

  /// Writes the files without a manifest; returns their names. The numbers of each factor count up.
  std::vector<std::string> write_files(const fs::path& directory) const {
    std::vector<std::vector<float>> kept;
    std::vector<ModularTensors> tensors;
    const auto numbers = [&](std::int64_t count, float first) {
      std::vector<float>& values = kept.emplace_back(static_cast<std::size_t>(count));
      for (std::size_t i = 0; i < values.size(); ++i) values[i] = first + static_cast<float>(i) / 64;
      return values.data();
    };
    const auto rows = static_cast<std::int64_t>(tasks.size());
    for (std::size_t i = 0; i < linears.size(); ++i) {
      const LinearSpec& linear = linears[i];
      const float* a = numbers(count_of(shape.a_shape(linear.in)), 1);
      const float* b = numbers(count_of(shape.b_shape(linear.out)), -1);
      const float* z = i < logits.size() ? logits[i].data() : numbers(rows * shape.logits(), 0);
      tensors.push_back({linear.path, linear.in, linear.out, a, b, has_routing(shape.method) ? z : nullptr});
    }
    return write_modular(directory, shape, rows, tensors, "t5", {});
  }

  void write(const fs::path& directory) const {
    write_manifest(directory, {kModularKind, body()}, write_files(directory));
  }
};

/// One of every method, of small sizes.
inline std::vector<ModularAdapter> every_modular_adapter() {
  return {{.shape = {ModularMethod::tlora, 2, 3, 1, 2}},
          {.shape = {ModularMethod::poly, 2, 3, 1, 1}},
          {.shape = {ModularMethod::mhr, 2, 3, 4, 1}},
          {.shape = {ModularMethod::tensorpoly_1, 2, 3, 1, 4}},
          {.shape = {ModularMethod::tensorpoly_2, 2, 3, 1, 2}}};
}

}  // namespace phatgoose::test
