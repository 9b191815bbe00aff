#include "phatgoose/jobs/multitask_job.h"

#include "run_command.h"
#include "run_training.h"

int main(int argc, char** argv) {
  using namespace phatgoose;
  return run_command<TrainMultitaskSettings>(argc, argv, [](const TrainMultitaskSettings& settings, const Json&) {
    return run_training("train-multitask", settings.common, settings.out, [&](const Machine& machine) {
      return train_multitask(settings, machine.device, machine.dtype);
    });
  });
}
