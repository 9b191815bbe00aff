#include "phatgoose/task_moe/route_selection.h"

#include <ATen/ATen.h>
#include <torch/csrc/autograd/custom_function.h>

#include <cmath>

#include "phatgoose/base/random.h"

namespace phatgoose {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

/// The one-hot vector of the largest weight; backward as if it were the weights themselves.
class StraightThrough : public torch::autograd::Function<StraightThrough> {
 public:
  static at::Tensor forward(AutogradContext* /*context*/, const at::Tensor& weights) {
    return at::zeros_like(weights).scatter_(-1, weights.argmax(-1, /*keepdim=*/true), 1.0);  // [..., m]
  }
  static variable_list backward(AutogradContext* /*context*/, variable_list gradients) { return {gradients[0]}; }
};

/// Streams of different kinds have different names.
RandomStream stream_of(const RouteDraw& draw, const char* kind, std::int64_t place) {
  return RandomStream(draw.seed, stream_number(kind + draw.layer) + draw.step, static_cast<std::uint32_t>(place));
}

}  // namespace

at::Tensor route_weights(const at::Tensor& logits, const at::Tensor& noise, RouteSelection selection,
                         double temperature) {
  const at::Tensor scores = noise.defined() ? logits + noise : logits;
  const at::Tensor weights = at::softmax(scores / temperature, -1);
  return selection == RouteSelection::gumbel_st ? StraightThrough::apply(weights) : weights;
}

at::Tensor gumbel_noise(const RouteDraw& draw, std::span<const std::int64_t> places, std::int64_t copies) {
  at::Tensor noise = at::empty({std::ssize(places), copies}, at::kFloat);
  float* values = noise.mutable_data_ptr<float>();
  for (const std::int64_t place : places) {
    RandomStream stream = stream_of(draw, "gumbel ", place);
    for (std::int64_t copy = 0; copy < copies; ++copy) {
      const double u = (static_cast<double>(stream.next_u64() >> 12) + 0.5) * 0x1p-52;  // neither 0 nor 1
      *values++ = static_cast<float>(-std::log(-std::log(u)));
    }
  }
  return noise;
}

at::Tensor random_copies(const RouteDraw& draw, std::span<const std::int64_t> places, std::int64_t copies) {
  std::vector<std::int64_t> drawn;
  for (const std::int64_t place : places) {
    drawn.push_back(
        static_cast<std::int64_t>(stream_of(draw, "copy ", place).below(static_cast<std::uint64_t>(copies))));
  }
  return at::tensor(drawn, at::kLong);
}

at::Tensor random_task_routes(std::uint64_t seed, const std::vector<std::string>& tasks, const TaskMoeShape& shape) {
  at::Tensor routes = at::zeros({std::ssize(tasks), shape.layer_count(), shape.copies}, at::kFloat);
  auto weights = routes.accessor<float, 3>();
  for (std::int64_t task = 0; task < std::ssize(tasks); ++task) {
    RandomStream stream(seed, stream_number("task " + tasks[static_cast<std::size_t>(task)]));
    for (std::int64_t layer = 0; layer < shape.layer_count(); ++layer) {
      weights[task][layer][static_cast<std::int64_t>(stream.below(static_cast<std::uint64_t>(shape.copies)))] = 1;
    }
  }
  return routes;
}

}  // namespace phatgoose
