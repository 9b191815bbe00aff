#include "phatgoose/settings/inspect.h"

#include "phatgoose/report/inspection.h"
#include "run_command.h"

int main(int argc, char** argv) {
  using namespace phatgoose;
  return run_command<InspectSettings>(argc, argv, [](const InspectSettings& settings, const Json&) {
    const std::vector<fs::path> paths(settings.directories.begin(), settings.directories.end());
    const RowCheck rows{.model = settings.model, .max_line_bytes = settings.reading.line_limit()};
    const Json inspection = inspect_directories(paths, settings.verify, settings.similarity, rows);
    std::cout << (settings.json ? json_text(inspection, 2) + "\n" : inspection_text(inspection));
    return has_bad_rows(inspection) ? ExitCode::bad_data : ExitCode::done;
  });
}
