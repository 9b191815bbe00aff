#include "phatgoose/base/files.h"
#include "phatgoose/jobs/join_job.h"
#include "phatgoose/jobs/score_job.h"
#include "run_command.h"

int main(int argc, char** argv) {
  using namespace phatgoose;
  return run_command<ScoreSettings>(argc, argv, [](const ScoreSettings& settings, const Json&) {
    if (settings.join) {
      std::cout << join_shards(settings).table();
      return ExitCode::done;
    }
    const std::string text = score(settings);
    if (settings.out) write_file(*settings.out, text);
    std::cout << (settings.out ? *settings.out + "\n" : text);
    return ExitCode::done;
  });
}
