// Stop signals while descriptions are being made.
#pragma once

namespace phatgoose {

/// Ends what is being done once a signal has asked to stop: an Error with ExitCode::stopped.
void check_stop_request();

}  // namespace phatgoose
