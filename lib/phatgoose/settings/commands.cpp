#include "phatgoose/settings/commands.h"

#include "phatgoose/settings/bench.h"
#include "phatgoose/settings/build.h"
#include "phatgoose/settings/edit.h"
#include "phatgoose/settings/eval.h"
#include "phatgoose/settings/export.h"
#include "phatgoose/settings/import.h"
#include "phatgoose/settings/inspect.h"
#include "phatgoose/settings/predict.h"
#include "phatgoose/settings/prepare.h"
#include "phatgoose/settings/pretrain.h"
#include "phatgoose/settings/train_expert.h"
#include "phatgoose/settings/train_gate.h"

namespace phatgoose {
namespace {

template <typename Settings>
Command command() {
  auto settings = std::make_shared<Settings>();
  OptionSet options = declare_options(*settings);
  return {std::move(settings), std::move(options)};
}

}  // namespace

std::vector<Command> all_commands() {
  return {
      // In the order of an experiment.
      command<PretrainSettings>(),
      command<TrainExpertSettings>(),
      command<TrainGateSettings>(),
      command<ImportSettings>(),
      command<PrepareSettings>(),
      command<BuildSettings>(),
      command<EditSettings>(),
      command<EvalSettings>(),
      command<PredictSettings>(),
      command<ExportSettings>(),
      command<InspectSettings>(),
      command<BenchSettings>(),
  };
}

std::string commands_markdown() {
  std::string text =
      "# Commands\n\n"
      "Generated from the declarations of the options; `phatgoose COMMAND --help` says the same.\n\n"
      "A setting comes from the command line, else from the file after `--config`, else from `--preset`, else it is\n"
      "the default. In a settings file every option is a key (`steps: 1000`); `--dump-config` writes such a file.\n"
      "stdout carries a command's product only, everything else goes to stderr.\n\n"
      "| exit code | meaning |\n|---|---|\n"
      "| 0 | done |\n"
      "| 1 | could not finish: input or output, memory, device, a directory in use |\n"
      "| 2 | usage: command line or settings file |\n"
      "| 3 | bad or missing data or checkpoint |\n"
      "| 5 | training diverged |\n"
      "| 70 | a bug of the program |\n"
      "| 75 | stopped by a signal after saving; run the same command again |\n\n"
      "| command | |\n|---|---|\n";
  const std::vector<Command> commands = all_commands();
  for (const Command& one : commands) {
    const std::string& name = one.options.command();
    text += "| [" + name + "](#" + name + ") | " + one.options.summary() + " |\n";
  }
  for (const Command& one : commands) text.append("\n").append(one.options.markdown());
  return text;
}

}  // namespace phatgoose
