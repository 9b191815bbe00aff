// A workshop for task-level mixtures: tiny runs with a mixture of two tasks, and the plain models that it is for each.
#pragma once

#include <catch2/catch.hpp>
#include <optional>
#include <string>

#include "phatgoose/jobs/export_job.h"
#include "support/mixture_files.h"
#include "support/modular_runs.h"

namespace phatgoose::test {

struct MixtureRuns : ModularRuns {
  explicit MixtureRuns(const std::function<Json(int)>& keys = [](int) { return Json::object(); }) : ModularRuns(keys) {}

  MixtureFiles files() const {
    MixtureFiles files;
    files.manifest.base_fingerprint = base_fingerprint(*this / "base");
    files.manifest.vector_method = kTextVectors;
    write_vectors(*this / "vectors", {"new", "choose"}, {2, -1, 0.5, 9, 9, 9}, files.manifest.base_fingerprint);
    files.manifest.vector_settings = vector_settings_of();
    files.routes = {1, 0, 0, 1, 0, 1, 1, 0};
    return files;
  }
  Json vector_settings_of() const { return read_json(*this / "vectors/manifest.json").at("settings"); }

  void write(const MixtureFiles& mixture, const std::string& name = "mixture") const {
    mixture.write(*this / name, tiny_config());
  }

  EvalSettings with(const std::string& out, const std::string& mixture = "mixture") const {
    EvalSettings settings = this->settings(out);
    settings.task_moe = {*this / mixture};
    return settings;
  }

  /// The plain model that the mixture is for a task.
  std::string exported(const std::string& out, const std::string& task, const std::optional<std::string>& route,
                       bool vectors = false) const {
    ExportSettings settings;
    settings.model = *this / "base";
    settings.task_moe = *this / "mixture";
    settings.task = task;
    settings.route = route;
    if (vectors) settings.task_vectors = *this / "vectors";
    settings.save_dtype = "fp32";
    settings.out = *this / out;
    export_model(settings);
    return settings.out;
  }
  /// Evaluates it.
  void evaluate_exported(const std::string& out, const std::string& task, const std::optional<std::string>& route,
                         bool vectors = false) const {
    EvalSettings plain = this->settings(out);
    plain.model = exported("model-" + out, task, route, vectors);
    REQUIRE(evaluate(plain));
  }

  void check_same(const std::string& out, const std::string& plain, const std::string& task) const {
    const auto found = samples(out, task), expected = samples(plain, task);
    REQUIRE(found.size() == expected.size());
    for (const auto& [row, sample] : found) {
      CAPTURE(task, row);
      CHECK(same_answer(sample, expected.at(row)));
    }
  }
};

}  // namespace phatgoose::test
