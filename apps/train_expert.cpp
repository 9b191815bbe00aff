#include "phatgoose/jobs/expert_job.h"

#include "run_command.h"
#include "run_training.h"

int main(int argc, char** argv) {
  using namespace phatgoose;
  return run_command<TrainExpertSettings>(argc, argv, [](const TrainExpertSettings& settings, const Json&) {
    return run_training("train-expert", settings.common, settings.out,
                        [&](const Machine& machine) { return train_expert(settings, machine.device, machine.dtype); });
  });
}
