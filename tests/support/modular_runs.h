// A workshop for evaluations of modular multi-task adapters: tiny runs, with adapters and the LoRA of each of their
// tasks.
#pragma once

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "phatgoose/adapters/modular_parameters.h"
#include "phatgoose/report/results_directory.h"
#include "phatgoose/scoring/sample.h"
#include "phatgoose/store/manifest.h"
#include "phatgoose/store/modular_manifest.h"
#include "support/tiny_runs.h"

namespace phatgoose::test {

inline ModularShape tiny_poly() {
  return {.method = ModularMethod::poly, .rank = 2, .skills = 3, .splits = 1, .order = 1};
}

class ModularRuns : public TinyRuns {
 public:
  explicit ModularRuns(const std::function<Json(int)>& keys = [](int) { return Json::object(); }) : TinyRuns(6, keys) {}

  /// Writes an adapter that nothing of is zero, and returns it.
  ModularParameters write(const std::string& name, const std::vector<std::string>& tasks,
                          const ModularShape& shape = tiny_poly()) const {
    at::manual_seed(3);
    const at::NoGradGuard no_grad;
    ModularParameters adapter = ModularParameters::initial(linear_groups(tiny_config()), shape, std::ssize(tasks),
                                                           ModularInit::paper, 5, at::kCPU);
    for (const auto& group : adapter.groups()) {
      if (!has_leaves(shape.method)) group->b.normal_(0, 0.4);
      if (group->logits.defined()) group->logits.normal_(0, 2);
    }
    Json body = {{"name", name}};
    body.update(to_json(shape));
    body["tasks"] = tasks;
    body["base"] = {{"path", "base"}, {"fingerprint", base_fingerprint(*this / "base")}};
    make_directories(*this / name);
    write_manifest(*this / name, {kModularKind, body}, adapter.save_adapter(*this / name, "base"));
    return adapter;
  }

  /// Writes the LoRA of task number `task` as an expert.
  void write_lora(const std::string& name, const ModularParameters& adapter, std::int64_t task) const {
    make_directories(*this / name);
    std::vector<std::string> linears;
    for (const LinearSpec& linear : adapted_linears(tiny_config())) linears.push_back(linear.path);
    save_lora(*this / name, adapter.lora(task), "base", linears, at::kFloat);
  }

  /// Settings of an evaluation of some directories: experts, and modular adapters.
  EvalSettings of(const std::string& out, const std::vector<std::string>& experts,
                  const std::vector<std::string>& modular) const {
    EvalSettings settings = this->settings(out);
    for (const std::string& name : experts) settings.experts.push_back(*this / name);
    for (const std::string& name : modular) settings.modular.push_back(*this / name);
    return settings;
  }

  /// The samples of one task, by row.
  std::map<std::int64_t, Sample> samples(const std::string& out, const std::string& task) const {
    std::map<std::int64_t, Sample> samples;
    for (const Sample& sample : read_samples(*this / out / "samples.jsonl")) {
      if (sample.task == task) samples[sample.row] = sample;
    }
    return samples;
  }
};

/// Whether both are the same answer; log-likelihoods may differ by rounding.
inline bool same_answer(const Sample& a, const Sample& b) {
  const auto near = [](double x, double y) { return std::abs(x - y) < 1e-5; };
  return a.prediction == b.prediction && a.output_ids == b.output_ids && a.correct == b.correct &&
         std::ranges::equal(a.log_likelihoods, b.log_likelihoods, near);
}

}  // namespace phatgoose::test
