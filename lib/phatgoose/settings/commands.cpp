#include "phatgoose/settings/commands.h"

#include "phatgoose/settings/adapt.h"
#include "phatgoose/settings/bench.h"
#include "phatgoose/settings/build.h"
#include "phatgoose/settings/describe.h"
#include "phatgoose/settings/edit.h"
#include "phatgoose/settings/eval.h"
#include "phatgoose/settings/export.h"
#include "phatgoose/settings/export_expert.h"
#include "phatgoose/settings/import.h"
#include "phatgoose/settings/inspect.h"
#include "phatgoose/settings/predict.h"
#include "phatgoose/settings/prepare.h"
#include "phatgoose/settings/pretrain.h"
#include "phatgoose/settings/routes.h"
#include "phatgoose/settings/score.h"
#include "phatgoose/settings/task_vectors.h"
#include "phatgoose/settings/train_expert.h"
#include "phatgoose/settings/train_gate.h"
#include "phatgoose/settings/train_multitask.h"
#include "phatgoose/settings/train_task_moe.h"

namespace phatgoose {
namespace {

template <typename... Settings>
struct SettingsList {};

/// In the order of an experiment.
using AllSettings =
    SettingsList<PretrainSettings, TrainExpertSettings, TrainGateSettings, TrainMultitaskSettings, AdaptSettings,
                 ExportExpertSettings, TaskVectorsSettings, TrainTaskMoeSettings, RoutesSettings, ImportSettings,
                 PrepareSettings, DescribeSettings, BuildSettings, EditSettings, EvalSettings, ScoreSettings,
                 PredictSettings, ExportSettings, InspectSettings, BenchSettings>;

template <typename... Settings>
std::vector<std::string> names_of(SettingsList<Settings...>) {
  return {Settings().declare().command()...};
}

template <typename Settings>
Command command() {
  auto settings = std::make_shared<Settings>();
  OptionSet options = declare_options(*settings);
  return {std::move(settings), std::move(options)};
}

template <typename... Settings>
std::vector<Command> commands_of(SettingsList<Settings...>) {
  return {command<Settings>()...};
}

}  // namespace

const std::vector<std::string>& command_names() {
  static const std::vector<std::string> names = names_of(AllSettings());
  return names;
}

std::vector<Command> all_commands() { return commands_of(AllSettings()); }

}  // namespace phatgoose
