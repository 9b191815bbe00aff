// A workshop for evaluations of several methods: base, experts, routed models, and a suite.
#pragma once

#include <ATen/ATen.h>

#include <string>
#include <vector>

#include "phatgoose/adapters/expert_parameters.h"
#include "phatgoose/base/log.h"
#include "phatgoose/base/signals.h"
#include "phatgoose/store/routed_model_builder.h"
#include "support/evaluate.h"
#include "support/router_experts.h"
#include "support/scratch_directory.h"
#include "support/tiny_t5.h"

namespace phatgoose::test {

/// A tiny base, a suite of two tasks over it, two experts, one of them called like a task, and routed models of both.
class MethodRuns {
 public:
  MethodRuns() {
    set_log_level(LogLevel::quiet);
    tiny_model().save(directory_ / "base", at::kFloat);
    RandomStream random(3);
    std::string rows;
    for (int i = 0; i < 6; ++i) {
      Json row = {{"input_ids", random_ids(random, 2 + random.below(20))}};
      for (int c = 0; c < 3; ++c) row["choices_ids"].push_back(random_ids(random, 2 + random.below(3)));
      row["target_ids"] = row["choices_ids"][random.below(3)];
      rows += row.dump() + "\n";
    }
    write_text(directory_ / "rows.jsonl", rows);
    write_text(directory_ / "suite.yaml",
               "name: tiny\n"
               "tasks:\n"
               "  - {name: choose, data: rows.jsonl, kind: rank_classification}\n"
               "  - {name: write, data: rows.jsonl, kind: generation, max_new_tokens: 4}\n");
    write_router_experts(directory_.path(), tiny_config(), {"choose", "other", "third"});
    build("goose", "phatgoose");
    build("even", "uniform");
    build("sum", "merged-product");
  }
  ~MethodRuns() {
    clear_stop_request();
    set_log_level(LogLevel::info);
  }

  void build(const std::string& out, const std::string& router,
             const std::vector<std::string>& experts = {"choose", "other", "third"}) const {
    RoutedModelPlan plan{
        .model = directory_ / "base", .experts = {}, .out = directory_ / out, .routing = {.router = router}};
    for (const std::string& expert : experts) plan.experts.push_back(directory_ / expert);
    build_routed_model(plan);
  }

  EvalSettings settings(const std::string& out) const {
    EvalSettings settings;
    settings.model = directory_ / "base";
    settings.suite = directory_ / "suite.yaml";
    settings.out = directory_ / out;
    return settings;
  }

  /// All the methods there are.
  EvalSettings all(const std::string& out) const {
    EvalSettings settings = this->settings(out);
    settings.base = true;
    settings.experts = {directory_ / "choose", directory_ / "other"};
    settings.routed = {directory_ / "goose", directory_ / "even", directory_ / "sum"};
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
    make_directories(directory_ / name);
    expert.save_adapter(directory_ / name, "base");
    expert.save_gate(directory_ / name);
  }

  /// Settings of a run of the base, of an expert or of a routed model, alone.
  EvalSettings alone(const std::string& out, const std::string& name) const {
    EvalSettings settings = this->settings(out);
    if (fs::exists(directory_ / name / "adapter_config.json")) {
      settings.experts = {directory_ / name};
    } else if (name != "base") {
      settings.routed = {directory_ / name};
    }
    return settings;
  }

  /// Settings of a run of a methods file of these lines.
  EvalSettings from_file(const std::string& out, const std::string& lines) const {
    write_text(directory_ / "lists/methods.yaml", lines);
    EvalSettings settings = this->settings(out);
    settings.methods = directory_ / "lists/methods.yaml";
    return settings;
  }

  std::string samples(const std::string& out) const { return read_text(directory_ / (out + "/samples.jsonl")); }
  fs::path operator/(const std::string& name) const { return directory_ / name; }

 private:
  ScratchDirectory directory_;
};

}  // namespace phatgoose::test
