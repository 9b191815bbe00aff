#include "phatgoose/settings/import.h"

#include "phatgoose/store/checkpoint_import.h"
#include "run_command.h"

int main(int argc, char** argv) {
  using namespace phatgoose;
  return run_command<ImportSettings>(argc, argv, [](const ImportSettings& settings, const Json&) {
    import_checkpoint({.model = settings.model,
                       .checkpoint = settings.checkpoint,
                       .names = settings.names,
                       .out = settings.out,
                       .gate = settings.gate});
    std::cout << settings.out << "\n";
    return ExitCode::done;
  });
}
