#include "phatgoose/settings/edit.h"

#include "run_command.h"

int main(int argc, char** argv) {
  using namespace phatgoose;
  return run_command<EditSettings>(argc, argv, [](const EditSettings& settings, const Json&) {
    edit_routed_model(settings.edit());
    std::cout << settings.routed << "\n";
    return ExitCode::done;
  });
}
