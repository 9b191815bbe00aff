// inspect of a task-level mixture of experts: its sizes, and which copies its tasks are routed to.
#pragma once

#include <string>

#include "phatgoose/base/files.h"
#include "phatgoose/base/json.h"

namespace phatgoose {

/// Adds to `found` what there is to say of a directory with the body of its manifest: "name", "base", "copies",
/// "mixed_layers", "router", of a learned router "selection", "temperature", "vector_method" and "vector_size", then
/// "copy_parameters", "router_parameters", "tasks" and "routes": the weights of the copies, [tasks or
/// 1][layers][copies], rounded to six decimals. The copies' values are not read. bad_data as by TaskMoeDirectory::open.
void describe_task_moe(const fs::path& directory, const Json& body, Json& found);

/// For people: of every task the likeliest copy of each layer, with its weight.
std::string task_moe_text(const Json& found);

}  // namespace phatgoose
