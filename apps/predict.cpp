#include "phatgoose/eval/predict.h"

#include "machine.h"
#include "run_command.h"

int main(int argc, char** argv) {
  using namespace phatgoose;
  std::ios::sync_with_stdio(false);  // so that std::cin knows whether more input is there
  return run_command<PredictSettings>(argc, argv, [](const PredictSettings& settings, const Json&) {
    const Machine machine = prepare_machine(settings.common);
    predict(settings, machine.device, machine.dtype, std::cin, std::cout);
    return ExitCode::done;
  });
}
