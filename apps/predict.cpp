#include "phatgoose/jobs/predict_job.h"

#include <unistd.h>

#include "machine.h"
#include "phatgoose/base/terminal.h"
#include "run_command.h"

int main(int argc, char** argv) {
  using namespace phatgoose;
  return run_command<PredictSettings>(argc, argv, [](const PredictSettings& settings, const Json&) {
    const Machine machine = prepare_machine(settings.common);
    predict(plan_predictions(settings), machine.device, machine.dtype, {STDIN_FILENO, std::cout, stdout_has_colours()});
    return ExitCode::done;
  });
}
