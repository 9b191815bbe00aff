// The copies of mixed layers: how they begin, and how they are trained (METHODS 8).
#include "phatgoose/task_moe/layer_copies.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <catch2/catch.hpp>
#include <map>

#include "phatgoose/task_moe/table_routes.h"
#include "phatgoose/train/sequence_loss.h"
#include "support/tiny_training.h"

namespace phatgoose {
namespace {

TaskMoeShape shape_of(std::int64_t copies) {
  return {.layers = {"encoder.block.1", "decoder.block.0"},
          .copies = copies,
          .router = TaskRouterKind::average,
          .dimension = 0};
}

std::map<std::string, at::Tensor> tensors_of(const LayerCopies& copies) {
  const NamedTensors named = copies.named_tensors();
  return {named.begin(), named.end()};
}

constexpr const char* kOutput = "encoder.block.1.layer.0.SelfAttention.o.weight";

}  // namespace

TEST_CASE("copies begin as the base's layer plus noise of their own, a single copy without") {
  const T5Model base = test::tiny_model();
  const auto noisy = tensors_of(LayerCopies::initial(base, shape_of(3), 1e-3, 5));
  const auto same = tensors_of(LayerCopies::initial(base, shape_of(3), 1e-3, 5));
  const auto other = tensors_of(LayerCopies::initial(base, shape_of(3), 1e-3, 6));
  const auto still = tensors_of(LayerCopies::initial(base, shape_of(3), 0, 5));
  const auto single = tensors_of(LayerCopies::initial(base, shape_of(1), 1e-3, 5));
  std::size_t expected = 0;
  for (const auto& [name, tensor] : base.named_parameters()) {
    const bool mixed = name.starts_with("encoder.block.1.") || name.starts_with("decoder.block.0.");
    if (!mixed || name.find("relative_attention_bias") != std::string::npos) continue;
    CAPTURE(name);
    ++expected;
    CHECK(single.at("copy.0." + name).equal(tensor));
    for (const std::string copy : {"copy.0.", "copy.1.", "copy.2."}) {
      CHECK(still.at(copy + name).equal(tensor));
      CHECK(same.at(copy + name).equal(noisy.at(copy + name)));
      CHECK_FALSE(other.at(copy + name).equal(noisy.at(copy + name)));
      CHECK((noisy.at(copy + name) - tensor).std().item<double>() == Approx(1e-3).epsilon(0.5));
    }
    CHECK_FALSE(noisy.at("copy.0." + name).equal(noisy.at("copy.1." + name)));
  }
  CHECK(single.size() == expected);
  CHECK(noisy.size() == 3 * expected);
}

TEST_CASE("a copy has the gradients of the layer, divided by the route") {
  T5Model model = test::tiny_model();
  const std::vector<Example> examples = test::tiny_examples(4);
  const std::vector<std::int64_t> rows = {0, 1, 2, 3};
  const auto gradients = [&](std::int64_t copies) {
    const LayerCopies layers = LayerCopies::initial(model, shape_of(copies), 0, 5);
    std::map<std::string, at::Tensor> found;
    const std::vector<NamedParameter> parameters = layers.make_trainable();
    const at::Tensor table = at::full({1, 2, copies}, 1.0 / static_cast<double>(copies));
    layers.put_on(model, std::make_shared<TableRoutes>(table, at::kCPU));
    SequenceLoss(model).sum(examples, rows).backward();
    for (const NamedParameter& parameter : parameters) {
      const at::Tensor gradient = parameter.tensor.grad();
      found[parameter.name] = parameter.rows == 0 ? gradient : gradient.narrow(0, parameter.first_row, parameter.rows);
    }
    model.remove_adapters();
    return found;
  };
  const auto one = gradients(1), three = gradients(3);
  CHECK(one.size() == 9 + 14);  // seven linears and two norms; in the decoder eleven and three
  for (const auto& [name, gradient] : one) {
    CAPTURE(name);
    for (const std::string copy : {"copy.0.", "copy.1.", "copy.2."}) {
      const at::Tensor third = three.at(copy + name.substr(std::string("copy.0.").size()));
      CHECK((third * 3 - gradient).abs().max().item<double>() <= 1e-4 * gradient.abs().max().item<double>() + 1e-6);
    }
  }
  CHECK(one.at(std::string("copy.0.") + kOutput).abs().max().item<double>() > 0);
}

}  // namespace phatgoose
