// The skeleton of a training command. First a plan: its settings resolved, checked and hashed. Then the run: check,
// lock, resume or answer that there is nothing to do, train, write, prune.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "phatgoose/settings/training.h"
#include "phatgoose/train/adafactor.h"
#include "phatgoose/train/adamw.h"
#include "phatgoose/train/trainer.h"

namespace phatgoose {

/// Which optimiser, and how it is set.
using OptimizerSettings = std::variant<AdamWSettings, AdafactorSettings>;

/// Where a run is, and how it trains.
struct TrainingPlan {
  std::string product;  ///< what is made, in words
  fs::path out;         ///< the product's directory, which is locked meanwhile
  const char* kind;     ///< of the product's manifest
  fs::path run;         ///< directory of the run: `out`, or a folder in it
  Json record;          ///< what the run begins with (settings/run_record.h)
  std::uint64_t seed;
  std::int64_t batch;  ///< rows of a step
  OptimizerSettings optimizer;
  TrainerSettings trainer;
};

/// The plan of a run in the product's own directory. The record and the dropout are left to fill in.
TrainingPlan training_plan(const TrainingSettings& settings, std::int64_t seed, const std::string& out,
                           const char* kind);

class TrainingJob {
 public:
  virtual ~TrainingJob() = default;

  /// Continues a run that was stopped; does nothing when the product is finished. Where the directory has something
  /// else, or the run began with other settings: usage error.
  TrainingOutcome run();

 protected:
  virtual const TrainingPlan& training() const = 0;

  /// Refuses what run() refuses.
  virtual void check() const;
  /// Whether the product is there, as its manifest says: then there is nothing to lock.
  virtual bool has_product() const;
  /// The same, and its files are what the manifest says; bad_data where they are not.
  virtual bool is_finished() const;
  /// Trains; writes the product, the manifest last, when the run is finished.
  virtual TrainingOutcome make() = 0;
  /// Puts the run of a finished product where it stays; that directory.
  virtual fs::path settle_run() const { return training().run; }
};

/// The optimiser of the plan.
std::unique_ptr<Optimizer> make_optimizer(const TrainingPlan& plan, std::vector<Parameter> parameters);

}  // namespace phatgoose
