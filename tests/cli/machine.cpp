// What a computing command makes of the machine: threads, and how long OpenMP spins.
#include <catch2/catch.hpp>
#include <cstdlib>
#include <optional>

#include "cli/program.h"
#include "support/golden.h"

using namespace phatgoose::test;

namespace {

/// A variable of the environment, as long as a test.
class Variable {
 public:
  Variable(const char* name, const char* value) : name_(name) {
    if (const char* before = std::getenv(name)) before_ = before;
    ::setenv(name, value, 1);
  }
  ~Variable() { before_ ? ::setenv(name_, before_->c_str(), 1) : ::unsetenv(name_); }
  Variable(const Variable&) = delete;
  Variable& operator=(const Variable&) = delete;

 private:
  const char* name_;
  std::optional<std::string> before_;
};

/// What `phatgoose predict`, or phatgoose-predict called directly, says while it answers a row.
std::string said_by_predict(const std::vector<std::string>& options = {}, bool direct = false) {
  std::vector<std::string> arguments = {"--model", golden_path("t5_v1_1/model").string()};
  arguments.insert(arguments.end(), options.begin(), options.end());
  if (!direct) arguments.insert(arguments.begin(), "predict");
  const Outcome outcome = run_program(direct ? "phatgoose-predict" : "phatgoose", arguments,
                                      R"({"input_ids": [5, 6, 1], "choices_ids": [[8, 1], [9, 1]]})");
  INFO(outcome.err);
  CHECK(outcome.code == 0);
  return outcome.err;
}

}  // namespace

TEST_CASE("the log names the number of threads, and what it comes from") {
  CHECK_THAT(said_by_predict({"--threads", "3"}), Catch::Contains("threads 3 (--threads)"));
  const Variable omp("OMP_NUM_THREADS", "1");
  const std::string said = said_by_predict();
  CHECK_THAT(said, Catch::Contains("threads 1 ("));
}

TEST_CASE("a variable that is no number of threads is warned of") {
  const Variable slurm("SLURM_CPUS_PER_TASK", "two");
  CHECK_THAT(said_by_predict(), Catch::Contains("warning: SLURM_CPUS_PER_TASK is \"two\""));
}

TEST_CASE("OpenMP does not spin for long, however the program is called, unless the user wants it to") {
  const Variable display("OMP_DISPLAY_ENV", "VERBOSE");
  for (const bool direct : {false, true}) {
    CHECK_THAT(said_by_predict({}, direct), Catch::Contains("GOMP_SPINCOUNT = '1000'"));
    const Variable policy("OMP_WAIT_POLICY", "ACTIVE");
    CHECK_THAT(said_by_predict({}, direct), !Catch::Contains("GOMP_SPINCOUNT = '1000'"));
    const Variable spins("GOMP_SPINCOUNT", "77");
    CHECK_THAT(said_by_predict({}, direct), Catch::Contains("GOMP_SPINCOUNT = '77'"));
  }
}
