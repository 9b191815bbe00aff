#include "phatgoose/bench/benchmark.h"

#include "machine.h"
#include "run_command.h"

int main(int argc, char** argv) {
  using namespace phatgoose;
  return run_command<BenchSettings>(argc, argv, [](const BenchSettings& settings, const Json&) {
    const Machine machine = prepare_machine(settings.common);
    const fs::path self = fs::read_symlink("/proc/self/exe");
    run_benchmark(settings, machine.device, machine.dtype, self,
                  [](const Json& line) { std::cout << json_text(line) << std::endl; });
    return ExitCode::done;
  });
}
