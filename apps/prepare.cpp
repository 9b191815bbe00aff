#include "phatgoose/jobs/prepare_job.h"

#include "machine.h"
#include "run_command.h"

int main(int argc, char** argv) {
  using namespace phatgoose;
  return run_command<PrepareSettings>(argc, argv, [](const PrepareSettings& settings, const Json&) {
    const Machine machine = prepare_machine(settings.common);
    prepare_experts(settings, machine.device, machine.dtype);
    for (const NamedDirectory& expert : settings.checked_experts()) std::cout << expert.path.string() << "\n";
    return ExitCode::done;
  });
}
