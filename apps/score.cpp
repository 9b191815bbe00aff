#include "phatgoose/jobs/score_job.h"

#include "phatgoose/base/files.h"
#include "run_command.h"

int main(int argc, char** argv) {
  using namespace phatgoose;
  return run_command<ScoreSettings>(argc, argv, [](const ScoreSettings& settings, const Json&) {
    const std::string text = score(settings);
    if (settings.out) write_file(*settings.out, text);
    std::cout << (settings.out ? *settings.out + "\n" : text);
    return ExitCode::done;
  });
}
