#include "phatgoose/jobs/adapt_job.h"

#include "machine.h"
#include "phatgoose/base/log.h"
#include "phatgoose/base/signals.h"
#include "run_command.h"

int main(int argc, char** argv) {
  using namespace phatgoose;
  return run_command<AdaptSettings>(argc, argv, [](const AdaptSettings& settings, const Json&) {
    catch_stop_signals({.command = "adapt",
                        .stopping = "saving after this step, then stopping",
                        .lost = "the steps since the last checkpoint are lost"});
    const Machine machine = prepare_machine(settings.common);
    const std::optional<Adapted> adapted = adapt_to_tasks(settings, machine.device, machine.dtype);
    if (!adapted) return ExitCode::stopped;
    if (!adapted->summary) {
      std::cout << settings.out << "\n";
    } else {
      std::cout << (settings.json ? json_text(few_shot_json(*adapted->summary), 2) + "\n"
                                  : few_shot_table(*adapted->summary).text());
    }
    return ExitCode::done;
  });
}
