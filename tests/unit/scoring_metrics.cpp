// Against `rouge_score`, `sacrebleu` and the SQuAD rule: tests/oracle/make_scoring_goldens.py.
#include <catch2/catch.hpp>

#include "phatgoose/base/json.h"
#include "phatgoose/scoring/bleu.h"
#include "phatgoose/scoring/text_metrics.h"
#include "support/golden.h"

namespace phatgoose {
namespace {

using test::golden_path;

using Texts = std::vector<std::string>;

Json golden() { return read_json(golden_path("scoring/metrics.json")); }

TEST_CASE("text metrics give the numbers of the reference implementations") {
  const Json rows = golden().at("rows");
  CHECK(rows.size() >= 50);
  for (const Json& row : rows) {
    const auto output = row.at("output").get<std::string>();
    const auto answers = row.at("answers").get<Texts>();
    INFO(row.dump());
    CHECK(exact_match(output, answers) == row.at("exact_match").get<bool>());
    CHECK(squad_normalise(output) == row.at("normalised").get<std::string>());
    CHECK(normalised_match(output, answers) == row.at("squad_em").get<bool>());
    CHECK(rouge_1(output, answers) == Approx(row.at("rouge_1").get<double>()).margin(1e-12));
    CHECK(rouge_2(output, answers) == Approx(row.at("rouge_2").get<double>()).margin(1e-12));
    CHECK(rouge_l(output, answers) == Approx(row.at("rouge_l").get<double>()).margin(1e-12));
    CHECK(squad_f1(output, answers) == Approx(row.at("squad_f1").get<double>()).margin(1e-12));
  }
}

TEST_CASE("BLEU gives the tokens and numbers of sacrebleu") {
  const Json reference = golden();
  for (const Json& row : reference.at("rows")) {
    const auto output = row.at("output").get<std::string>();
    INFO(row.dump());
    CHECK(tokenize_13a(output) == row.at("tokens_13a").get<Texts>());
    const double score = bleu_score(bleu_statistics(output, row.at("answers").get<Texts>()));
    CHECK(score == Approx(row.at("bleu").get<double>()).margin(1e-9));
  }
  for (const Json& corpus : reference.at("corpora")) {
    ExampleSums rows(kBleuStatistics);
    for (const Json& index : corpus.at("rows")) {
      const Json& row = reference.at("rows").at(index.get<std::size_t>());
      rows.add(0, bleu_statistics(row.at("output").get<std::string>(), row.at("answers").get<Texts>()));
    }
    INFO(corpus.at("name").dump());
    CHECK(bleu_score(rows.total()) == Approx(corpus.at("bleu").get<double>()).margin(1e-9));
  }
}

TEST_CASE("the best of several right answers counts") {
  const Texts answers = {"completely different", "the same words", "same"};
  CHECK(rouge_l("the same words", answers) == 1);
  CHECK(squad_f1("the same words", answers) == 1);
  CHECK(exact_match(" the same words\n", answers));
  CHECK_FALSE(exact_match("The same words", answers));
  CHECK(normalised_match("Same words!", answers));
  CHECK(rouge_l("anything", Texts{}) == 0);
}

TEST_CASE("text that is not valid UTF-8 is scored without failing") {
  const Texts answers = {"caf\xE9"};
  CHECK(exact_match("caf\xE9 ", answers));
  CHECK(rouge_l("caf\xFF", answers) == 1);
  CHECK(squad_f1("caf\xE9", answers) == 1);
  CHECK(bleu_statistics("caf\xE9", answers)[2] == 1);
}

}  // namespace
}  // namespace phatgoose
