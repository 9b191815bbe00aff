#include "phatgoose/jobs/preparation.h"

#include "phatgoose/base/log.h"
#include "phatgoose/base/random.h"
#include "phatgoose/settings/run_record.h"
#include "phatgoose/store/made_from.h"
#include "phatgoose/store/manifest.h"

namespace phatgoose {

Preparation::Preparation(const PrepareSettings& from, at::Device where, at::ScalarType type)
    : settings(from),
      device(where),
      dtype(type),
      config(read_t5_config(from.model)),
      fingerprint(base_fingerprint(from.model)),
      tokenizer(Tokenizer::of_base(from.model, config.vocab_size)) {}

std::vector<DrawnRow> Preparation::draw_rows() const {
  std::vector<DrawnRow> all;
  const RowReadingSettings& reading = settings.reading;
  for (const std::string& path : settings.data) {
    SkippedRows skipped;
    for (Record& record : read_records(path, reading.line_limit(), reading.skip_bad_rows ? &skipped : nullptr)) {
      all.push_back({&path, std::move(record)});
    }
  }
  const auto order =
      permutation(static_cast<std::int64_t>(all.size()), static_cast<std::uint64_t>(settings.common.seed), 0);
  std::vector<DrawnRow> drawn;
  for (const std::int64_t row : order) {
    if (static_cast<std::int64_t>(drawn.size()) == settings.examples) break;
    drawn.push_back(std::move(all[row]));
  }
  return drawn;
}

Json Preparation::made_from(const ExpertNeed& need, const ExpertDirectory& expert) const {
  Json made{{"adapter", expert.adapter_hash()}, {"base", fingerprint}};
  if (!need.from_rows()) return made;
  made["data"] = file_hashes(settings.data);
  if (tokenizer) made["tokenizer"] = tokenizer->fingerprint();
  made["examples"] = settings.examples;
  made["seed"] = settings.common.seed;
  made["max_input"] = settings.max_input;
  if (need.maker == ExpertNeed::Maker::mean_inputs) made["max_target"] = settings.max_target;
  return made;
}

void write_if_new(const fs::path& file, const Json& made_from, const std::function<void()>& write) {
  if (is_made_from(file, made_from)) {
    log_info(file.string() + " is finished");
    return;
  }
  write();
  log_info("wrote " + file.string());
}

}  // namespace phatgoose
