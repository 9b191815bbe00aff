#include "phatgoose/jobs/describe_job.h"

#include "machine.h"
#include "phatgoose/base/signals.h"
#include "phatgoose/jobs/describe_targets.h"
#include "run_command.h"

int main(int argc, char** argv) {
  using namespace phatgoose;
  return run_command<DescribeSettings>(argc, argv, [](const DescribeSettings& settings, const Json&) {
    settings.check();
    catch_stop_signals({.command = "describe",
                        .stopping = "stopping; what was answered is kept",
                        .lost = "what was answered is kept all the same"});
    if (settings.of_targets()) {
      describe_targets(settings);
      std::cout << *settings.out << "\n";
      return ExitCode::done;
    }
    const Machine machine = prepare_machine(settings.common);
    describe_experts(settings, machine.device, machine.dtype);
    for (const NamedDirectory& expert : some_experts(settings.experts, settings.library)) {
      std::cout << expert.path.string() << "\n";
    }
    return ExitCode::done;
  });
}
