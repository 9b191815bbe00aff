// A workshop for evaluations of several methods: tiny runs, with experts and routed models.
#pragma once

#include <ATen/ATen.h>

#include <string>
#include <vector>

#include "phatgoose/adapters/expert_parameters.h"
#include "phatgoose/store/routed_model_builder.h"
#include "support/router_experts.h"
#include "support/tiny_runs.h"

namespace phatgoose::test {

/// A tiny base, a suite of two tasks over it, two experts, one of them called like a task, and routed models of both.
class MethodRuns : public TinyRuns {
 public:
  MethodRuns() : TinyRuns(6) {
    write_router_experts(*this / "", tiny_config(), {"choose", "other", "third"});
    build("goose", "phatgoose");
    build("even", "uniform");
    build("sum", "merged-product");
  }

  void build(const std::string& out, const std::string& router,
             const std::vector<std::string>& experts = {"choose", "other", "third"}) const {
    RoutedModelPlan plan{.model = *this / "base", .experts = {}, .out = *this / out, .routing = {.router = router}};
    for (const std::string& expert : experts) plan.experts.push_back(*this / expert);
    build_routed_model(plan);
  }

  /// All the methods there are.
  EvalSettings all(const std::string& out) const {
    EvalSettings settings = this->settings(out);
    settings.base = true;
    settings.experts = {*this / "choose", *this / "other"};
    settings.routed = {*this / "goose", *this / "even", *this / "sum"};
    return settings;
  }

  /// An expert on the linears of the decoder only, with gates.
  void write_decoder_expert(const std::string& name, std::uint64_t seed) const {
    at::manual_seed(seed);
    const at::NoGradGuard no_grad;
    std::vector<LinearGroupSpec> groups = linear_groups(tiny_config());
    std::erase_if(groups, [](const auto& group) { return group.linears.front().path.starts_with("encoder."); });
    ExpertParameters expert = ExpertParameters::initial(groups, 2, seed, at::kCPU);
    expert.reset_gates();
    for (const auto& group : expert.groups()) {
      group->a.normal_(0, 0.4);
      group->b.normal_(0, 0.4);
      group->v.normal_();
    }
    make_directories(*this / name);
    expert.save_adapter(*this / name, "base");
    expert.save_gate(*this / name);
  }

  /// Settings of a run of the base, of an expert or of a routed model, alone.
  EvalSettings alone(const std::string& out, const std::string& name) const {
    EvalSettings settings = this->settings(out);
    if (fs::exists(*this / name / "adapter_config.json")) {
      settings.experts = {*this / name};
    } else if (name != "base") {
      settings.routed = {*this / name};
    }
    return settings;
  }

  /// Settings of a run of a methods file of these lines.
  EvalSettings from_file(const std::string& out, const std::string& lines) const {
    write_text(*this / "lists/methods.yaml", lines);
    EvalSettings settings = this->settings(out);
    settings.methods = *this / "lists/methods.yaml";
    return settings;
  }

  std::string samples(const std::string& out) const { return read_text(*this / (out + "/samples.jsonl")); }
};

}  // namespace phatgoose::test
