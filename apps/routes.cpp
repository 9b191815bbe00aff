#include "phatgoose/jobs/routes_job.h"

#include "phatgoose/report/route_agreement.h"
#include "run_command.h"

int main(int argc, char** argv) {
  using namespace phatgoose;
  return run_command<RoutesSettings>(argc, argv, [](const RoutesSettings& settings, const Json&) {
    const Json agreement = compare_routes(settings);
    std::cout << (settings.json ? json_text(agreement, 2) + "\n" : route_agreement_text(agreement));
    return ExitCode::done;
  });
}
