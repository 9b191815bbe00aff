#include "phatgoose/settings/inspect.h"

#include "phatgoose/report/inspection.h"
#include "run_command.h"

int main(int argc, char** argv) {
  using namespace phatgoose;
  return run_command<InspectSettings>(argc, argv, [](const InspectSettings& settings, const Json&) {
    const std::vector<fs::path> directories(settings.directories.begin(), settings.directories.end());
    const Json inspection = inspect_directories(directories, settings.verify, settings.similarity);
    std::cout << (settings.json ? json_text(inspection, 2) + "\n" : inspection_text(inspection));
    return ExitCode::done;
  });
}
