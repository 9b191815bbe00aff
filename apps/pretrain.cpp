#include "phatgoose/jobs/pretrain_job.h"

#include "run_command.h"
#include "run_training.h"

int main(int argc, char** argv) {
  using namespace phatgoose;
  return run_command<PretrainSettings>(argc, argv, [](const PretrainSettings& settings, const Json&) {
    return run_training("pretrain", settings.common, settings.out,
                        [&](const Machine& machine) { return pretrain(settings, machine.device); });
  });
}
