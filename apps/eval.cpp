#include "phatgoose/jobs/eval_job.h"

#include "machine.h"
#include "phatgoose/base/log.h"
#include "phatgoose/base/signals.h"
#include "run_command.h"

int main(int argc, char** argv) {
  using namespace phatgoose;
  return run_command<EvalSettings>(argc, argv, [](const EvalSettings& settings, const Json&) {
    catch_stop_signals({.command = "eval",
                        .stopping = "saving after this batch, then stopping",
                        .lost = "the answers of the last half minute are lost"});
    const Machine machine = prepare_machine(settings.common);
    const std::optional<EvalProduct> product = evaluate(plan_evaluation(settings), machine.device, machine.dtype);
    if (!product) {
      log_info("stopped; what was answered is kept, run the same command again to continue");
      return ExitCode::stopped;
    }
    if (const auto* evaluation = std::get_if<Evaluation>(&*product)) {
      std::cout << (settings.json ? json_text(evaluation->json(), 2) + "\n" : evaluation->table());
    } else {
      std::cout << std::get<fs::path>(*product).string() << "\n";
    }
    return ExitCode::done;
  });
}
