#include "phatgoose/settings/build.h"

#include "phatgoose/settings/named_directories.h"
#include "phatgoose/store/routed_model_builder.h"
#include "run_command.h"

int main(int argc, char** argv) {
  using namespace phatgoose;
  return run_command<BuildSettings>(argc, argv, [](const BuildSettings& settings, const Json&) {
    build_routed_model({.model = settings.model,
                        .experts = some_experts(settings.experts, settings.library),
                        .out = settings.out,
                        .routing = settings.routing,
                        .allow_partial = settings.allow_partial,
                        .pack = settings.pack});
    std::cout << settings.out << "\n";
    return ExitCode::done;
  });
}
