#include "phatgoose/eval/partial_results.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

namespace phatgoose {
namespace {

constexpr const char *kSamples = "samples.jsonl", *kRouting = "routing.safetensors", *kTime = "time.json";

}  // namespace

PartialTask::PartialTask(const fs::path& out, std::size_t number) : folder_(out / kFolder), number_(number) {
  make_directories(folder_);
  while (is_file(file(chunks_, kSamples))) {
    const auto seconds =
        read_json(file(chunks_, kTime), [](const Json& json) { return json_get<double>(json, "seconds"); });
    add(read_samples(file(chunks_, kSamples)), seconds);
  }
}

fs::path PartialTask::file(std::size_t chunk, const char* ending) const {
  return folder_ / fmt::format("{}-{}.{}", number_, chunk, ending);
}

void PartialTask::add(std::vector<Sample> samples, double seconds) {
  if (is_file(file(chunks_, kRouting))) routing_.push_back(file(chunks_, kRouting));
  ++chunks_;
  seconds_ += seconds;
  for (const Sample& sample : samples) rows_.insert(sample.row);
  std::ranges::move(samples, std::back_inserter(samples_));
}

void PartialTask::save(std::vector<Sample> samples, double seconds, const WriteRouting& write_routing) {
  if (samples.empty()) return;
  if (write_routing) write_routing(file(chunks_, kRouting));
  write_file(file(chunks_, kTime), Json({{"seconds", seconds}}).dump() + "\n");
  write_samples(file(chunks_, kSamples), samples);  // last: it makes the chunk count
  add(std::move(samples), seconds);
}

std::vector<Sample> PartialTask::take_samples() {
  std::ranges::sort(samples_, {}, &Sample::row);
  return std::move(samples_);
}

}  // namespace phatgoose
