#include "phatgoose/jobs/export_expert_job.h"

#include "phatgoose/base/thread_count.h"
#include "phatgoose/nn/device.h"
#include "run_command.h"

int main(int argc, char** argv) {
  using namespace phatgoose;
  return run_command<ExportExpertSettings>(argc, argv, [](const ExportExpertSettings& settings, const Json&) {
    set_threads(resolve_threads(settings.threads).count);
    keep_freed_memory();
    export_expert(settings);
    std::cout << settings.out << "\n";
    return ExitCode::done;
  });
}
