#include "phatgoose/bench/timing.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <limits>

#include "phatgoose/base/error.h"
#include "phatgoose/nn/frozen_linear.h"

namespace phatgoose {

double seconds_of(const std::function<void()>& work) {
  const auto began = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
}

double best_seconds(std::int64_t repeats, const std::function<void()>& work) {
  work();
  double best = std::numeric_limits<double>::infinity();
  for (std::int64_t i = 0; i < repeats; ++i) best = std::min(best, seconds_of(work));
  return best;
}

PairSeconds alternating_seconds(std::int64_t repeats, const std::function<void()>& first,
                                const std::function<void()>& second) {
  first();
  second();
  PairSeconds best{std::numeric_limits<double>::infinity(), std::numeric_limits<double>::infinity()};
  for (std::int64_t i = 0; i < repeats; ++i) {
    best.first = std::min(best.first, seconds_of(first));
    best.second = std::min(best.second, seconds_of(second));
  }
  return best;
}

void run_fresh_process(const fs::path& program, std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), program.string());
  std::vector<char*> pointers;
  for (std::string& argument : arguments) pointers.push_back(argument.data());
  pointers.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
  pid_t child = 0;
  const int error = ::posix_spawn(&child, program.c_str(), &actions, nullptr, pointers.data(), environ);
  ::posix_spawn_file_actions_destroy(&actions);
  int status = 0;
  if (error != 0 || ::waitpid(child, &status, 0) != child || status != 0) {
    fail(ExitCode::cannot_finish, {.where = program.string(), .found = "a fresh process did not finish"});
  }
}

double gemm_peak(at::Device device, at::ScalarType dtype) {
  constexpr std::int64_t kSize = 1536;
  constexpr std::int64_t kRepeats = 10;
  const auto options = at::TensorOptions(device).dtype(dtype);
  const at::NoGradGuard no_grad;
  const at::Tensor a = at::ones({kSize, kSize}, options), b = at::ones({kSize, kSize}, options);
  const auto seconds_with = [&](at::Tensor (*product)(const at::Tensor&, const at::Tensor&)) {
    return best_seconds(kRepeats, [&] { product(a, b)[0][0].item(); });  // item() waits for an accelerator
  };
  const double blas = seconds_with([](const at::Tensor& x, const at::Tensor& y) { return at::mm(x, y.t()); });
  const double seconds = std::min(blas, seconds_with(&linear_without_gradient));
  return 2.0 * kSize * kSize * kSize / seconds;
}

}  // namespace phatgoose
