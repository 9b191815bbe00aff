// How much each expert was used on a task, by linear: what routing.safetensors adds up (store/routing_sums.h).
#pragma once

#include <string>

#include "phatgoose/base/files.h"
#include "phatgoose/routing/routed_model.h"
#include "phatgoose/routing/statistics.h"

namespace phatgoose {

/// Writes three tensors for one task: "TASK.weights" [linears, experts] fp64, the sums of the experts' weights over the
/// tokens that passed the linear; "TASK.counts" [linears, experts] int64, how often each was chosen; "TASK.tokens"
/// [linears] int64. An input that several rows share counts once. The metadata names the axes: "linears" and "experts"
/// are JSON lists.
void write_task_routing(const fs::path& path, const std::string& task, const RoutingStatistics& statistics,
                        const RoutedModel& routing);

}  // namespace phatgoose
