#include "phatgoose/eval/routing_file.h"

#include "phatgoose/base/json.h"
#include "phatgoose/store/safetensors.h"

namespace phatgoose {

void write_task_routing(const fs::path& path, const std::string& task, const RoutingStatistics& statistics,
                        const RoutedModel& routing) {
  const Shape table = {statistics.linears(), statistics.experts()};
  write_safetensors(
      path,
      {{task + ".weights", {DType::f64, table, std::as_bytes(std::span(statistics.weights()))}},
       {task + ".counts", {DType::i64, table, std::as_bytes(std::span(statistics.counts()))}},
       {task + ".tokens", {DType::i64, {statistics.linears()}, std::as_bytes(std::span(statistics.tokens()))}}},
      {{"linears", Json(routing.linear_paths()).dump()}, {"experts", Json(routing.expert_names()).dump()}});
}

}  // namespace phatgoose
