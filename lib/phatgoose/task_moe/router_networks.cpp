#include "phatgoose/task_moe/router_networks.h"

#include <ATen/ATen.h>

#include <cmath>

#include "phatgoose/store/task_moe_method.h"

namespace phatgoose {
namespace {

constexpr double kNormEpsilon = 1e-5;

/// Places of dropout of the transformer.
enum RouterSite : std::uint32_t { kWeightsSite, kAttendedSite, kInnerSite, kFedSite };

/// x W^T + b of the linear called `name`.
at::Tensor linear_of(const RouterTensors& p, const std::string& name, const at::Tensor& x) {
  return at::linear(x, p.at(name + ".weight"), p.at(name + ".bias"));
}

/// The input of the networks over layers.
at::Tensor with_positions(const RouterTensors& p, const at::Tensor& vectors) {
  return vectors.unsqueeze(1) + p.at("position.weight");  // [T, L, d]
}

/// tanh by the sigmoid: at::tanh may give other bits in its first parallel call.
at::Tensor tanh_of(const at::Tensor& x) { return at::sigmoid(x * 2) * 2 - 1; }

/// The hidden states of an LSTM that reads the layers in order, or from the last to the first.
at::Tensor lstm_states(const RouterTensors& p, const std::string& direction, const at::Tensor& x, bool reversed) {
  const at::Tensor from_input = linear_of(p, direction + ".input", x);  // [T, L, 4 h]
  const std::int64_t layers = x.size(1);
  at::Tensor hidden = at::zeros({x.size(0), kTaskRouterHidden}, x.options());  // [T, h]
  at::Tensor cell = hidden;                                                    // [T, h]
  std::vector<at::Tensor> states(static_cast<std::size_t>(layers));
  for (std::int64_t i = 0; i < layers; ++i) {
    const std::int64_t layer = reversed ? layers - 1 - i : i;
    const at::Tensor gates = from_input.select(1, layer) + linear_of(p, direction + ".hidden", hidden);  // [T, 4 h]
    const std::vector<at::Tensor> part = gates.chunk(4, 1);  // input, forget, new, output: each [T, h]
    cell = at::sigmoid(part[1]) * cell + at::sigmoid(part[0]) * tanh_of(part[2]);
    hidden = at::sigmoid(part[3]) * tanh_of(cell);
    states[static_cast<std::size_t>(layer)] = hidden;
  }
  return at::stack(states, 1);  // [T, L, h]
}

/// One encoder layer, which sees the tasks as rows of L tokens each.
class EncoderLayer {
 public:
  EncoderLayer(const RouterTensors& p, std::int64_t tasks, std::int64_t layers, const Dropout* dropout)
      : p_(p), dropout_(dropout) {
    packing_ = Packing::of_lengths(std::vector<std::int64_t>(static_cast<std::size_t>(tasks), layers));
  }

  at::Tensor forward(const at::Tensor& x) const {  // [T, L, d]
    const at::Tensor attended = normed("attention", x + dropped(attention(x), kAttendedSite));
    const at::Tensor inner = dropped(at::relu(linear_of(p_, "feed_forward.input", attended)), kInnerSite);  // [T, L, f]
    return normed("feed_forward", attended + dropped(linear_of(p_, "feed_forward.output", inner), kFedSite));
  }

 private:
  at::Tensor normed(const std::string& name, const at::Tensor& x) const {
    return at::layer_norm(x, {x.size(2)}, p_.at(name + ".norm.weight"), p_.at(name + ".norm.bias"), kNormEpsilon);
  }

  at::Tensor dropped(const at::Tensor& x, std::uint32_t site) const {
    return dropout_ ? dropout_->apply(x.flatten(0, 1), packing_, site).view_as(x) : x;
  }

  at::Tensor attention(const at::Tensor& x) const {
    const std::int64_t tasks = x.size(0), layers = x.size(1), size = x.size(2) / kTaskRouterHeads;
    const at::Tensor qkv = linear_of(p_, "attention.input", x)
                               .view({tasks, layers, 3, kTaskRouterHeads, size})
                               .permute({2, 0, 3, 1, 4});  // [3, T, H, L, K]
    const at::Tensor scores = at::matmul(qkv[0], qkv[1].transpose(2, 3)) / std::sqrt(static_cast<double>(size));
    at::Tensor weights = at::softmax(scores, -1);  // [T, H, L, L]
    if (dropout_) {
      weights = weights * dropout_->attention_multipliers(0, tasks, kTaskRouterHeads, layers, layers, kWeightsSite)
                              .to(weights.options());
    }
    const at::Tensor mixed = at::matmul(weights, qkv[2]).transpose(1, 2).flatten(2);  // [T, L, d]
    return linear_of(p_, "attention.output", mixed);
  }

  const RouterTensors& p_;
  const Dropout* dropout_;
  Packing packing_;
};

}  // namespace

at::Tensor linear_logits(const RouterTensors& p, const at::Tensor& vectors, std::int64_t copies) {
  const at::Tensor hidden = at::gelu(linear_of(p, "hidden", vectors));        // [T, h]
  return linear_of(p, "output", hidden).view({vectors.size(0), -1, copies});  // [T, L, m]
}

at::Tensor linear_per_layer_logits(const RouterTensors& p, const at::Tensor& vectors) {
  const at::Tensor inner = at::matmul(vectors, p.at("hidden.weight").transpose(1, 2));  // [L, T, h]
  const at::Tensor hidden = at::gelu(inner + p.at("hidden.bias").unsqueeze(1));         // [L, T, h]
  const at::Tensor logits = at::bmm(hidden, p.at("output.weight").transpose(1, 2));     // [L, T, m]
  return (logits + p.at("output.bias").unsqueeze(1)).transpose(0, 1);                   // [T, L, m]
}

at::Tensor lstm_logits(const RouterTensors& p, const at::Tensor& vectors) {
  const at::Tensor x = with_positions(p, vectors);  // [T, L, d]
  const at::Tensor states =
      at::cat({lstm_states(p, "forward", x, false), lstm_states(p, "backward", x, true)}, 2);  // [T, L, 2 h]
  return linear_of(p, "output", states);
}

at::Tensor transformer_logits(const RouterTensors& p, const at::Tensor& vectors, const Dropout* dropout) {
  const at::Tensor x = with_positions(p, vectors);  // [T, L, d]
  return linear_of(p, "output", EncoderLayer(p, x.size(0), x.size(1), dropout).forward(x));
}

}  // namespace phatgoose
