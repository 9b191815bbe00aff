#include "phatgoose/describe/stop_check.h"

#include "phatgoose/base/error.h"
#include "phatgoose/base/signals.h"

namespace phatgoose {

void check_stop_request() {
  if (!stop_requested()) return;
  fail(ExitCode::stopped,
       {.found = "stopped; what was answered is kept", .hint = "run the same command again to continue"});
}

}  // namespace phatgoose
