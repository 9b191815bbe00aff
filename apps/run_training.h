// What the training commands do around their job: signals, machine, the finished directory on stdout.
#pragma once

#include <iostream>
#include <string>

#include "machine.h"
#include "phatgoose/base/error.h"
#include "phatgoose/base/signals.h"
#include "phatgoose/train/trainer.h"

namespace phatgoose {

/// Runs the `job(machine)` of `command`, which a signal may stop, and prints `product`, the directory that it finishes.
template <typename Job>
ExitCode run_training(const std::string& command, const CommonSettings& common, const std::string& product, Job job) {
  catch_stop_signals({.command = command,
                      .stopping = "saving after this step, then stopping",
                      .lost = "the steps since the last checkpoint are lost"});
  const Machine machine = prepare_machine(common);
  if (job(machine) == TrainingOutcome::stopped) return ExitCode::stopped;
  std::cout << product << "\n";
  return ExitCode::done;
}

}  // namespace phatgoose
