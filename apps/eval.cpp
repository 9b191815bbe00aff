#include "phatgoose/jobs/eval_job.h"

#include "machine.h"
#include "phatgoose/base/log.h"
#include "phatgoose/base/signals.h"
#include "run_command.h"

int main(int argc, char** argv) {
  using namespace phatgoose;
  return run_command<EvalSettings>(argc, argv, [](const EvalSettings& settings, const Json&) {
    catch_stop_signals({.command = "eval",
                        .stopping = "stopping after this batch; finished tasks are kept",
                        .lost = "the unfinished task begins again, as it does anyway"});
    const Machine machine = prepare_machine(settings.common);
    const std::optional<Evaluation> evaluation = evaluate(plan_evaluation(settings), machine.device, machine.dtype);
    if (!evaluation) {
      log_info("stopped; the finished tasks are kept, run the same command again to continue");
      return ExitCode::stopped;
    }
    std::cout << (settings.json ? json_text(evaluation->json(), 2) + "\n" : evaluation->table());
    return ExitCode::done;
  });
}
