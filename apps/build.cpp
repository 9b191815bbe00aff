#include "phatgoose/settings/build.h"

#include "phatgoose/settings/named_directories.h"
#include "phatgoose/settings/routing_changes.h"
#include "phatgoose/store/routed_model_builder.h"
#include "run_command.h"

int main(int argc, char** argv) {
  using namespace phatgoose;
  return run_command<BuildSettings>(argc, argv, [](const BuildSettings& settings, const Json&) {
    build_routed_model({.model = settings.model,
                        .experts = some_experts(settings.experts, settings.library),
                        .out = settings.out,
                        .router = settings.router,
                        .selection = settings.selection(),
                        .mix = settings.mix == name_of(Mix::parameters) ? Mix::parameters : Mix::outputs,
                        .enabled = split_at_commas(settings.enabled),
                        .allow_partial = settings.expert_options.allow_partial,
                        .pack = settings.pack});
    std::cout << settings.out << "\n";
    return ExitCode::done;
  });
}
