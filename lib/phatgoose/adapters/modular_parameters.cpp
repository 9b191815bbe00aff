#include "phatgoose/adapters/modular_parameters.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>

#include "phatgoose/base/error.h"
#include "phatgoose/base/random.h"
#include "phatgoose/nn/tensor_bridge.h"

namespace phatgoose {
namespace {

constexpr double kLogitBound = 1e-3;

/// The numbers of one tensor of one linear have a stream of their own.
enum class Part : std::uint32_t { a, b, logits };

/// U(-bound, bound).
void fill_uniform(const at::Tensor& tensor, double bound, std::uint64_t seed, const std::string& path, Part part) {
  RandomStream stream(seed, stream_number(path), static_cast<std::uint32_t>(part));
  const at::Tensor values = at::empty(tensor.sizes(), at::kFloat);
  for (float *p = values.mutable_data_ptr<float>(), *end = p + values.numel(); p != end; ++p) {
    *p = static_cast<float>(bound * (2 * stream.uniform() - 1));
  }
  at::Tensor(tensor).copy_(values);
}

/// Of leaves [.., S, R, q] of TensorPoly-II.
double bound_of_mixed_leaves(const ModularShape& shape, std::int64_t q) {
  return std::sqrt(6.0 / static_cast<double>((shape.skills + shape.order) * shape.rank * q));
}

void initialise(const ModularGroup& group, ModularInit init, std::uint64_t seed) {
  const ModularShape& shape = group.shape;
  const bool mixed_leaves = shape.method == ModularMethod::tensorpoly_2;
  const auto bound = [&](const at::Tensor& tensor) {
    return mixed_leaves ? bound_of_mixed_leaves(shape, tensor.size(-1)) : uniform_factor_bound(group.in);
  };
  for (std::int64_t m = 0; m < group.members(); ++m) {
    const std::string& path = (*group.layout)[m].path;
    fill_uniform(group.a_of(m), bound(group.a), seed, path, Part::a);
    if (has_leaves(shape.method)) {
      fill_uniform(group.b_of(m), bound(group.b), seed, path, Part::b);
      if (init == ModularInit::identity) group.b_of(m)[-1].zero_();
    }
    if (group.logits.defined()) fill_uniform(group.logits_of(m), kLogitBound, seed, path, Part::logits);
  }
}

}  // namespace

ModularParameters::ModularParameters(const std::vector<LinearGroupSpec>& groups, const ModularShape& shape,
                                     std::int64_t tasks, at::Device device, const ModularDirectory* stored)
    : shape_(shape), tasks_(tasks), step_(std::make_shared<ModularStep>()) {
  const auto adapted = [&](const std::string& path) { return stored == nullptr || stored->entries().contains(path); };
  for (std::size_t place = 0; place < groups.size(); ++place) {
    const LinearGroupSpec& spec = groups[place];
    for (const LinearSpec& linear : spec.linears) linears_.push_back(linear.path);
    if (std::ranges::none_of(spec.linears, adapted, &LinearSpec::path)) continue;
    groups_.push_back(std::make_shared<ModularGroup>(ModularGroup::zeros(spec, shape, tasks, device, adapted)));
    adapters_.push_back(std::make_shared<ModularAdapter>(groups_.back(), step_));
    places_.push_back(place);
  }
}

ModularParameters ModularParameters::initial(const std::vector<LinearGroupSpec>& groups, const ModularShape& shape,
                                             std::int64_t tasks, ModularInit init, std::uint64_t seed,
                                             at::Device device) {
  ModularParameters parameters(groups, shape, tasks, device);
  for (const auto& group : parameters.groups_) initialise(*group, init, seed);
  return parameters;
}

ModularParameters ModularParameters::load(const ModularDirectory& directory, const std::vector<LinearGroupSpec>& groups,
                                          at::Device device) {
  ModularParameters parameters(groups, directory.shape(), std::ssize(directory.tasks()), device, &directory);
  for (const auto& group : parameters.groups_) {
    for (std::int64_t m = 0; m < group->members(); ++m) {
      const std::string& path = (*group->layout)[m].path;
      const ModularEntry& entry = directory.entries().at(path);
      copy_into(group->a_of(m), entry.a);
      copy_into(group->b_of(m), entry.b);
      if (group->logits.defined()) copy_into(group->logits_of(m), entry.logits);
    }
  }
  return parameters;
}

std::int64_t ModularParameters::add_task(NewTask task) {
  if (!has_routing(shape_.method)) return tasks_;
  const at::NoGradGuard no_grad;
  for (const auto& group : groups_) {
    const at::Tensor known = group->logits.view({group->members(), tasks_, -1});  // [M, tasks, L]
    at::Tensor added = known.mean(1, /*keepdim=*/true);                           // [M, 1, L]
    if (task == NewTask::uniform) added.zero_();
    group->logits = at::cat({known, added}, 1).flatten(0, 1);
    ++group->tasks;
  }
  return tasks_++;
}

void ModularParameters::keep_task(std::int64_t task) {
  if (!has_routing(shape_.method)) return;
  const at::NoGradGuard no_grad;
  for (const auto& group : groups_) {
    group->logits = group->logits.view({group->members(), tasks_, -1}).select(1, task).clone();  // [M, L]
    group->tasks = 1;
  }
  tasks_ = 1;
}

void ModularParameters::set_trainable(bool adapters, bool routing) {
  for (const auto& group : groups_) {
    group->a.requires_grad_(adapters);
    group->b.requires_grad_(adapters);
    if (group->logits.defined()) group->logits.requires_grad_(routing);
  }
}

std::vector<NamedParameter> ModularParameters::trainable() const {
  std::vector<NamedParameter> parameters;
  for (const auto& group : groups_) {
    const auto add = [&](std::int64_t m, const char* name, const at::Tensor& leaf, std::int64_t rows,
                         ParameterRole role) {
      if (!leaf.defined() || !leaf.requires_grad()) return;
      parameters.push_back({(*group->layout)[m].path + name, leaf, m * rows, rows, role});
    };
    for (std::int64_t m = 0; m < group->members(); ++m) {
      add(m, ".a", group->a, group->rows_per_member(), ParameterRole::adapter);
      add(m, ".b", group->b, group->rows_per_member(), ParameterRole::adapter);
      add(m, ".logits", group->logits, group->tasks, ParameterRole::routing);
    }
  }
  return parameters;
}

void ModularParameters::attach(T5Model& model) const {
  for (std::size_t g = 0; g < groups_.size(); ++g) model.groups()[places_[g]]->set_adapter(adapters_[g]);
}

void ModularParameters::begin_step(std::uint64_t seed, std::uint64_t step, bool noise) const {
  for (const auto& adapter : adapters_) adapter->begin_step();
  *step_ = {.open = true, .noise = noise, .seed = seed, .step = step};
}

void ModularParameters::end_step() const {
  for (const auto& adapter : adapters_) adapter->finish_step();
  step_->open = false;
}

std::vector<LinearLora> ModularParameters::lora(std::optional<std::int64_t> task) const {
  const at::NoGradGuard no_grad;
  std::vector<LinearLora> linears;
  const std::vector<std::int64_t> number = {task.value_or(0)};
  for (const auto& group : groups_) {
    const MixedFactors mixed = group->mix(group->logits.defined() ? group->logits_of_tasks(number) : at::Tensor());
    for (const LoraMember& member : *group->layout) {
      linears.push_back({member.path, member.scale, mixed.a[0].narrow(0, member.a_row, member.rank),
                         mixed.b[0].narrow(0, member.b_offset, member.out * member.rank).view({-1, member.rank})});
    }
  }
  return linears;
}

std::vector<std::string> ModularParameters::save_adapter(const fs::path& directory, const std::string& base_name,
                                                         at::ScalarType dtype) const {
  if (dtype != at::kFloat) fail(ExitCode::bug, {.found = "modular adapters are stored as fp32"});
  std::vector<at::Tensor> kept;
  const auto data_of = [&](const at::Tensor& tensor) {
    kept.push_back(tensor.detach().to(at::kCPU).contiguous());
    return kept.back().const_data_ptr<float>();
  };
  std::vector<ModularTensors> linears;
  for (const auto& group : groups_) {
    for (std::int64_t m = 0; m < group->members(); ++m) {
      linears.push_back({.path = (*group->layout)[m].path,
                         .in = group->in,
                         .out = group->out,
                         .a = data_of(group->a_of(m)),
                         .b = data_of(group->b_of(m)),
                         .logits = group->logits.defined() ? data_of(group->logits_of(m)) : nullptr});
    }
  }
  return write_modular(directory, shape_, tasks_, linears, base_name, linears_);
}

}  // namespace phatgoose
