// Short runs of the jobs that train experts and gates, for tests of them.
#pragma once

#include <ATen/core/Tensor.h>

#include <algorithm>
#include <sstream>
#include <string>
#include <vector>

#include "phatgoose/jobs/expert_job.h"
#include "phatgoose/jobs/gate_job.h"
#include "phatgoose/store/expert_directory.h"
#include "support/tiny_training.h"

namespace phatgoose::test {

/// A base, rows, and the settings of short runs on them.
struct Workshop {
  ScratchDirectory scratch;

  Workshop() {
    tiny_model().save(scratch / "base", at::kFloat);
    write_tiny_rows(scratch / "rows.jsonl", 20);
    write_tiny_rows(scratch / "valid.jsonl", 6);
  }

  TrainExpertSettings expert() const {
    TrainExpertSettings settings;
    settings.model = scratch / "base";
    settings.name = "last token";
    settings.out = scratch / "expert";
    settings.data.data = {scratch / "rows.jsonl"};
    settings.training.steps = 3;
    settings.training.batch = 5;
    settings.rank = 4;
    settings.common.dtype = "fp32";
    settings.common.log = "quiet";
    return settings;
  }

  TrainGateSettings gate() const {
    TrainGateSettings settings;
    settings.model = scratch / "base";
    settings.expert = scratch / "expert";
    settings.data.data = {scratch / "rows.jsonl"};
    settings.training.steps = 3;
    settings.training.batch = 5;
    settings.common = expert().common;
    return settings;
  }

  std::string bytes(const char* name) const { return read_text(scratch / name); }
};

inline TrainingOutcome run(const TrainExpertSettings& settings) { return train_expert(settings, at::kCPU, at::kFloat); }

inline TrainingOutcome run(const TrainGateSettings& settings) { return train_gate(settings, at::kCPU, at::kFloat); }

/// The lines of the metrics of a run that have `key`.
inline std::vector<Json> metrics_with(const std::string& key, const std::string& metrics) {
  std::vector<Json> found;
  std::istringstream lines(metrics);
  for (std::string line; std::getline(lines, line);) {
    if (Json json = Json::parse(line); json.contains(key)) found.push_back(std::move(json));
  }
  return found;
}

/// Whether all bytes are zero.
inline bool is_zero(const TensorView& view) {
  return std::all_of(view.bytes.begin(), view.bytes.end(), [](std::byte byte) { return byte == std::byte{0}; });
}

}  // namespace phatgoose::test
