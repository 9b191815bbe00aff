#include "phatgoose/train/validation_accuracy.h"

#include <algorithm>
#include <catch2/catch.hpp>

#include "phatgoose/eval/rank_scorer.h"
#include "support/tiny_t5.h"

namespace phatgoose {
namespace {

TEST_CASE("validation accuracy counts the rows of all files whose likeliest choice is right") {
  const T5Model model = test::tiny_model();
  RandomStream random(21);
  TrainingData data;
  data.max_input = 512;
  std::int64_t right = 0, count = 0;
  for (const int rows : {5, 2}) {
    ValidationFile file{"rows.jsonl", {}};
    for (int i = 0; i < rows; ++i) {
      Record record;
      record.input_ids = test::random_ids(random, 3 + random.below(9));
      for (int c = 0; c < 3; ++c) record.choices_ids.push_back(test::random_ids(random, 4));
      record.target_ids = record.choices_ids[random.below(3)];
      const std::vector<Question> question = {{record.input_ids, record.choices_ids}};
      const std::vector<double> scores = score_choices(model, question).front().log_likelihoods;
      const auto best = std::max_element(scores.begin(), scores.end()) - scores.begin();
      right += record.choices_ids[static_cast<std::size_t>(best)] == record.target_ids;
      ++count;
      file.records.push_back(record);
    }
    data.valid_files.push_back(file);
  }
  REQUIRE(right > 0);
  REQUIRE(right < count);
  CHECK(validation_accuracy(model, data) == Approx(static_cast<double>(right) / static_cast<double>(count)));
}

}  // namespace
}  // namespace phatgoose
