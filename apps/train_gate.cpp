#include "phatgoose/jobs/gate_job.h"

#include "run_command.h"
#include "run_training.h"

int main(int argc, char** argv) {
  using namespace phatgoose;
  return run_command<TrainGateSettings>(argc, argv, [](const TrainGateSettings& settings, const Json&) {
    return run_training("train-gate", settings.common, gate_destination(settings),
                        [&](const Machine& machine) { return train_gate(settings, machine.device, machine.dtype); });
  });
}
