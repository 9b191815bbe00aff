#include "phatgoose/jobs/task_moe_job.h"

#include "run_command.h"
#include "run_training.h"

int main(int argc, char** argv) {
  using namespace phatgoose;
  return run_command<TrainTaskMoeSettings>(argc, argv, [](const TrainTaskMoeSettings& settings, const Json&) {
    return run_training("train-task-moe", settings.common, settings.out,
                        [&](const Machine& machine) { return train_task_moe(settings, machine.device); });
  });
}
