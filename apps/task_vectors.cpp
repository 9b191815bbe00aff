#include "phatgoose/jobs/task_vectors_job.h"

#include "machine.h"
#include "phatgoose/base/signals.h"
#include "run_command.h"

int main(int argc, char** argv) {
  using namespace phatgoose;
  return run_command<TaskVectorsSettings>(argc, argv, [](const TaskVectorsSettings& settings, const Json&) {
    catch_stop_signals({.command = "task-vectors",
                        .stopping = "stopping; the tasks that are done are kept",
                        .lost = "the tasks that are done are kept all the same"});
    make_task_vectors(settings, prepare_machine(settings.common).device);
    std::cout << settings.out << "\n";
    return ExitCode::done;
  });
}
