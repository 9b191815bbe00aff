#include "phatgoose/jobs/validation.h"

#include <algorithm>
#include <catch2/catch.hpp>

#include "phatgoose/eval/rank_scorer.h"
#include "support/tiny_t5.h"

namespace phatgoose {
namespace {

TEST_CASE("validation accuracy is the mean over the files of the share of right rows") {
  const T5Model model = test::tiny_model();
  RandomStream random(21);
  TrainingData data;
  data.max_input = 512;
  std::vector<double> shares;
  for (const int rows : {5, 2}) {
    ValidationFile file{"rows.jsonl", {}};
    double right = 0;
    for (int i = 0; i < rows; ++i) {
      Record record;
      record.input_ids = test::random_ids(random, 3 + random.below(9));
      for (int c = 0; c < 3; ++c) record.choices_ids.push_back(test::random_ids(random, 4));
      record.target_ids = record.choices_ids[random.below(3)];
      const std::vector<Question> question = {{record.input_ids, record.choices_ids}};
      const std::vector<double> scores = score_choices(model, question).front().log_likelihoods;
      const auto best = std::max_element(scores.begin(), scores.end()) - scores.begin();
      right += record.choices_ids[static_cast<std::size_t>(best)] == record.target_ids;
      file.records.push_back(record);
    }
    data.valid_files.push_back(file);
    shares.push_back(right / rows);
  }
  REQUIRE(shares[0] != Approx(shares[1]));  // or else the mean over all rows would be the same
  CHECK(validation_accuracy(model, data) == Approx((shares[0] + shares[1]) / 2));
}

}  // namespace
}  // namespace phatgoose
