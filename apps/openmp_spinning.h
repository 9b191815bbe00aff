// How long OpenMP threads spin for each other before they sleep. libgomp's own choice of several milliseconds costs
// nothing while each thread has a core to itself; where cores are shared, threads spin at every barrier through the
// time that the one they wait for needs.
#pragma once

namespace phatgoose {

/// Bounds the spinning of programs that this process becomes or starts: libgomp reads its variables when it is loaded.
/// False where nothing was to be done, because the user (or an earlier call) has set OMP_WAIT_POLICY or GOMP_SPINCOUNT.
bool bound_openmp_spinning();

/// The same for this very process, which runs itself again where libgomp has read other values; to be called before it
/// has done anything. `argv` is main's.
void restart_with_bounded_spinning(char** argv);

}  // namespace phatgoose
