#include "phatgoose/jobs/expert_job.h"

#include "phatgoose/jobs/validation_accuracy.h"
#include "run_command.h"
#include "run_training.h"

int main(int argc, char** argv) {
  using namespace phatgoose;
  return run_command<TrainExpertSettings>(argc, argv, [](const TrainExpertSettings& settings, const Json&) {
    const auto job = [&](const Machine& machine) {
      return train_expert(settings, machine.device, machine.dtype, validation_accuracy);
    };
    return run_training("train-expert", settings.common, settings.out, job);
  });
}
