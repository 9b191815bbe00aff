// phatgoose eval before anything is computed: what each method is, which tasks it answers, and where its results go.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "phatgoose/data/descriptions.h"
#include "phatgoose/eval/suite_rows.h"
#include "phatgoose/jobs/shard.h"
#include "phatgoose/report/results.h"
#include "phatgoose/routing/adapted_model.h"
#include "phatgoose/settings/eval.h"
#include "phatgoose/store/router_kinds.h"
#include "phatgoose/store/task_numbers.h"

namespace phatgoose {

struct EvalMethod {
  std::string name;  ///< "base", the expert's or adapter's name, that of the routed model's directory, or as given
  Adaptation adaptation;
  const RouterKind* router = nullptr;             ///< of a routed model; null for others
  std::optional<std::string> encoder = {};        ///< directory of the sentence encoder, for a router that needs one
  std::optional<Descriptions> descriptions = {};  ///< for a router that compares them; none are given: empty
  std::optional<TaskNumbers> task_numbers = {};   ///< of an adapter or a mixture that tells tasks apart
  bool exclude_own = false;                       ///< leave each task's own expert out
  Suite suite = {};                               ///< its tasks: all of the plan's, or some
  fs::path out = {};                              ///< directory of its results
  Json record = {};                               ///< what its run is begun and continued with (run_record)
  Provenance provenance = {};                     ///< of its results; the compute type is the run's
  bool shares_encoder = false;                    ///< finds its encoder states in a cache

  bool uses_labels() const { return router != nullptr && router->follows_labels; }
};

struct EvalPlan {
  fs::path base;
  std::string base_hash = {};
  bool allow_partial = false;
  Suite suite = {};                  ///< every task that is read
  std::vector<RowNeeds> needs = {};  ///< what the methods ask of each task's rows
  RowChoice rows = {};
  std::optional<Shard> shard = {};  ///< none: all rows, and scores
  std::int64_t pass_tokens = 0, encoder_cache_bytes = 0;
  std::chrono::seconds save_interval{30};  ///< answers are saved when so much time has passed
  std::vector<EvalMethod> methods = {};
  fs::path out = {};           ///< of what compares several methods
  std::string reference = {};  ///< the method that others are compared with
};

/// Reads the suite, the methods file and the manifests of experts, routed models, modular adapters and mixtures, and
/// hashes what results depend on. The methods are in this order, the base first, the entries of the file last.
/// A single method of the command line has settings.out; otherwise each has a directory of its name in it. What does
/// not fit, together or with this base, or with what a directory of results was begun with: usage error, or bad_data
/// with file and line for a methods file.
EvalPlan plan_evaluation(EvalSettings settings);

}  // namespace phatgoose
