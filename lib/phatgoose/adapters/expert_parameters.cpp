#include "phatgoose/adapters/expert_parameters.h"

#include <ATen/ATen.h>

#include <algorithm>

#include "phatgoose/base/random.h"
#include "phatgoose/nn/tensor_bridge.h"

namespace phatgoose {
namespace {

/// "encoder.block.0.layer.0.SelfAttention.{q,k,v}" for the members of one group.
std::string joint_name(const std::vector<LoraMember>& members) {
  const std::string& first = members.front().path;
  if (members.size() == 1) return first;
  const std::size_t stem = first.rfind('.') + 1;
  std::string name = first.substr(0, stem) + "{";
  for (const LoraMember& member : members) {
    if (&member != &members.front()) name += ",";
    name += member.path.substr(stem);
  }
  return name + "}";
}

constexpr double kStandardDeviation = 0.01;  // of A at first (METHODS 3.1); B is 0

/// Fills A with random numbers. Each linear draws from its own stream, named by the seed and its module path, so that
/// neither the order of the linears nor their grouping matters.
void initialise_lora(LoraParameters& parameters, std::uint64_t seed, InitialFactors factors) {
  const double bound = uniform_factor_bound(parameters.a.size(1));
  for (const LoraMember& member : parameters.members) {
    RandomStream stream(seed, stream_number(member.path));
    const at::Tensor values = at::empty({member.rank, parameters.a.size(1)}, at::kFloat);
    for (float *p = values.mutable_data_ptr<float>(), *end = p + values.numel(); p != end; ++p) {
      *p = static_cast<float>(factors == InitialFactors::normal ? kStandardDeviation * stream.normal()
                                                                : bound * (2 * stream.uniform() - 1));
    }
    parameters.a_of(member).copy_(values);
  }
}

LoraParameters load_group(const ExpertDirectory& expert, const LinearGroupSpec& spec, at::Device device) {
  std::vector<LoraShape> shapes;
  for (const LinearSpec& linear : spec.linears) {
    const auto found = expert.loras().find(linear.path);
    shapes.push_back(found == expert.loras().end() ? LoraShape{} : LoraShape{found->second.rank, found->second.scale});
  }
  LoraParameters parameters = zero_lora(spec, shapes, device);
  const std::int64_t in = spec.linears.front().in;
  if (expert.has_gate()) parameters.v = at::zeros({static_cast<std::int64_t>(parameters.members.size()), in}, device);
  for (std::size_t m = 0; m < parameters.members.size(); ++m) {
    const LoraMember& member = parameters.members[m];
    const LoraEntry& entry = expert.loras().at(member.path);
    copy_into(parameters.a_of(member), entry.a);
    copy_into(parameters.b_of(member), entry.b);
    if (!expert.has_gate()) continue;
    copy_into(parameters.v[static_cast<std::int64_t>(m)], expert.gates().at(member.path));
  }
  return parameters;
}

}  // namespace

ExpertParameters::ExpertParameters(const std::vector<LinearGroupSpec>& groups) {
  for (const LinearGroupSpec& group : groups) {
    for (const LinearSpec& linear : group.linears) linears_.push_back(linear.path);
  }
}

ExpertParameters ExpertParameters::initial(const std::vector<LinearGroupSpec>& groups, std::int64_t rank,
                                           std::uint64_t seed, at::Device device, InitialFactors factors) {
  ExpertParameters expert(groups);
  for (const LinearGroupSpec& spec : groups) {
    const LoraShape shape{rank, 1.0 / static_cast<double>(rank)};
    LoraParameters parameters = zero_lora(spec, std::vector(spec.linears.size(), shape), device);
    initialise_lora(parameters, seed, factors);
    expert.groups_.push_back(std::make_shared<LoraParameters>(std::move(parameters)));
  }
  return expert;
}

ExpertParameters ExpertParameters::load(const ExpertDirectory& directory, const std::vector<LinearGroupSpec>& groups,
                                        at::Device device) {
  directory.check_linears(groups);
  ExpertParameters expert(groups);
  for (const LinearGroupSpec& spec : groups) {
    expert.groups_.push_back(std::make_shared<LoraParameters>(load_group(directory, spec, device)));
  }
  return expert;
}

ExpertParameters ExpertParameters::mean(std::span<const ExpertDirectory> experts,
                                        const std::vector<LinearGroupSpec>& groups, at::Device device) {
  ExpertParameters sum = load(experts.front(), groups, device);
  for (const ExpertDirectory& expert : experts.subspan(1)) {
    const ExpertParameters next = load(expert, groups, device);
    for (std::size_t g = 0; g < groups.size(); ++g) {
      sum.groups_[g]->a.add_(next.groups_[g]->a);
      sum.groups_[g]->b.add_(next.groups_[g]->b);
    }
  }
  for (const auto& group : sum.groups_) {
    group->a.div_(static_cast<double>(experts.size()));
    group->b.div_(static_cast<double>(experts.size()));
    group->v = at::Tensor();
  }
  return sum;
}

void ExpertParameters::reset_gates() {
  for (const auto& group : groups_) {
    group->v = at::zeros({static_cast<std::int64_t>(group->members.size()), group->a.size(1)}, group->a.options());
  }
}

bool ExpertParameters::has_gates() const {
  return std::any_of(groups_.begin(), groups_.end(), [](const auto& group) { return group->v.defined(); });
}

void ExpertParameters::set_trainable(bool lora, bool gates) {
  for (const auto& group : groups_) {
    group->a.requires_grad_(lora);
    group->b.requires_grad_(lora);
    if (group->v.defined()) group->v.requires_grad_(gates);
  }
}

std::vector<NamedParameter> ExpertParameters::trainable() const {
  std::vector<NamedParameter> parameters;
  for (const auto& group : groups_) {
    if (group->members.empty()) continue;
    const std::string name = joint_name(group->members);
    if (group->a.requires_grad()) parameters.push_back({name + ".lora_A", group->a});
    if (group->b.requires_grad()) parameters.push_back({name + ".lora_B", group->b});
    if (group->v.defined() && group->v.requires_grad()) parameters.push_back({name + ".gate", group->v});
  }
  return parameters;
}

void ExpertParameters::attach(T5Model& model) const {
  for (std::size_t g = 0; g < groups_.size(); ++g) {
    model.groups()[g]->set_adapter(groups_[g]->members.empty() ? nullptr : std::make_shared<LoraAdapter>(groups_[g]));
  }
}

void ExpertParameters::attach_gated(T5Model& model) const {
  for (std::size_t g = 0; g < groups_.size(); ++g) {
    model.groups()[g]->set_adapter(groups_[g]->members.empty() ? nullptr
                                                               : std::make_shared<GatedLoraAdapter>(groups_[g]));
  }
}

std::vector<LinearLora> ExpertParameters::lora(std::optional<std::int64_t> /*task*/) const {
  std::vector<LinearLora> linears;
  for (const auto& group : groups_) {
    for (const LoraMember& member : group->members) {
      linears.push_back({member.path, member.scale, group->a_of(member), group->b_of(member)});
    }
  }
  return linears;
}

std::vector<std::string> ExpertParameters::save_adapter(const fs::path& directory, const std::string& base_name,
                                                        at::ScalarType dtype) const {
  return save_lora(directory, lora(), base_name, linears_, dtype);
}

void ExpertParameters::save_gate(const fs::path& directory) const {
  std::vector<at::Tensor> kept;
  std::vector<GateTensor> gates;
  for (const auto& group : groups_) {
    for (std::size_t m = 0; m < group->members.size(); ++m) {
      kept.push_back(group->v[static_cast<std::int64_t>(m)].detach().to(at::kCPU).contiguous());
      gates.push_back({group->members[m].path, group->a.size(1), kept.back().const_data_ptr<float>()});
    }
  }
  write_gate(directory, gates);
}

}  // namespace phatgoose
