#include "cli/program.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <sstream>
#include <stdexcept>
#include <thread>

#include "support/scratch_directory.h"

namespace phatgoose::test {
namespace {

constexpr std::chrono::seconds kLimit{120};

int wait_for(pid_t process) {
  const auto deadline = std::chrono::steady_clock::now() + kLimit;
  for (int status = 0;;) {
    if (::waitpid(process, &status, WNOHANG) == process) {
      return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    }
    if (std::chrono::steady_clock::now() > deadline) ::kill(process, SIGKILL);
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
}

}  // namespace

Outcome run_program(const std::string& program, const std::vector<std::string>& arguments, const std::string& input) {
  const ScratchDirectory scratch;
  const std::string in = scratch / "in", out = scratch / "out", err = scratch / "err";
  write_text(in, input);

  posix_spawn_file_actions_t files;
  ::posix_spawn_file_actions_init(&files);
  ::posix_spawn_file_actions_addopen(&files, STDIN_FILENO, in.c_str(), O_RDONLY, 0);
  ::posix_spawn_file_actions_addopen(&files, STDOUT_FILENO, out.c_str(), O_WRONLY | O_CREAT, 0600);
  ::posix_spawn_file_actions_addopen(&files, STDERR_FILENO, err.c_str(), O_WRONLY | O_CREAT, 0600);

  const std::string path = std::filesystem::path(PHATGOOSE_PROGRAMS_DIR) / program;
  std::vector<char*> pointers{const_cast<char*>(path.c_str())};
  for (const std::string& argument : arguments) pointers.push_back(const_cast<char*>(argument.c_str()));
  pointers.push_back(nullptr);
  pid_t process = 0;
  const int failure = ::posix_spawn(&process, path.c_str(), &files, nullptr, pointers.data(), environ);
  ::posix_spawn_file_actions_destroy(&files);
  if (failure != 0) throw std::runtime_error("cannot run " + path);
  const int code = wait_for(process);
  return {code, read_text(out), read_text(err)};
}

Outcome phatgoose_line(const std::string& arguments, const std::string& input) {
  std::vector<std::string> words;
  std::istringstream stream(arguments);
  for (std::string word; stream >> word;) words.push_back(word == "\"\"" ? "" : word);
  return run_program("phatgoose", words, input);
}

}  // namespace phatgoose::test
