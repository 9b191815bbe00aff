#include "phatgoose/settings/build.h"

#include "phatgoose/settings/routing_changes.h"
#include "phatgoose/store/routed_model_builder.h"
#include "run_command.h"

int main(int argc, char** argv) {
  using namespace phatgoose;
  return run_command<BuildSettings>(argc, argv, [](const BuildSettings& settings, const Json&) {
    build_routed_model({.model = settings.model,
                        .experts = settings.all_experts(),
                        .out = settings.out,
                        .router = settings.router,
                        .selection = {.k = settings.k,
                                      .top_p = settings.top_p,
                                      .temperature = settings.temperature,
                                      .renorm_eps = settings.renorm_eps},
                        .mix = settings.mix == name_of(Mix::parameters) ? Mix::parameters : Mix::outputs,
                        .enabled = split_at_commas(settings.enabled),
                        .allow_partial = settings.expert_options.allow_partial,
                        .pack = settings.pack});
    std::cout << settings.out << "\n";
    return ExitCode::done;
  });
}
