#include "phatgoose/store/model_directory.h"

#include "phatgoose/base/error.h"

namespace phatgoose {

void check_no_adapter(const fs::path& directory) {
  if (is_file(directory / "config.json") || !is_file(directory / "adapter_config.json")) return;
  fail(ExitCode::bad_data, {.where = directory.string(),
                            .found = "an adapter (adapter_config.json)",
                            .expected = "a base model: config.json and its weights",
                            .hint = "an expert is given as --expert, its base as --model"});
}

}  // namespace phatgoose
