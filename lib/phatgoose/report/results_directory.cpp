#include "phatgoose/report/results_directory.h"

#include "phatgoose/report/results.h"
#include "phatgoose/store/manifest.h"
#include "phatgoose/store/routing_sums.h"

namespace phatgoose {
namespace {

void write_answers(const fs::path& out, const MethodAnswers& answers, Manifest manifest, const char* frame_file) {
  std::vector<std::string> files = {frame_file, "run.json", kSamplesFile};
  write_samples(out / kSamplesFile, answers.samples);
  write_file(out / frame_file, answers.frame.dump(2) + "\n");
  if (!answers.routing.empty()) {
    add_routing(out / kRoutingFile, answers.routing);
    files.emplace_back(kRoutingFile);
  }
  manifest.body["suite"] = answers.frame.at("suite");
  write_manifest(out, manifest, files);
}

}  // namespace

void write_results(const fs::path& out, MethodAnswers answers) {
  set_scores(answers.frame, score_suite(tally_samples(suite_of_results(answers.frame).tasks, answers.samples)));
  write_answers(out, answers, {kResultsKind}, kResultsFile);
}

void write_shard(const fs::path& out, const MethodAnswers& answers) {
  const Json body = {{"shard", answers.frame.at("settings").at("shard")}, {"rows", answers.samples.size()}};
  write_answers(out, answers, {kResultsShardKind, body}, kShardFile);
}

}  // namespace phatgoose
