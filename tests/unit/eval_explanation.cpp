// Explanations of answers: which expert had which token, and how that is shown.
#include "phatgoose/eval/explanation.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <catch2/catch.hpp>
#include <numeric>

#include "phatgoose/eval/explained_text.h"
#include "phatgoose/routing/routed_model.h"
#include "support/golden.h"
#include "support/router_experts.h"
#include "support/tiny_t5.h"

namespace phatgoose {
namespace {

using test::golden_path;
using test::ScratchDirectory;

const std::vector<TokenIds> kInputs = {{5, 6, 7, 8, 1}, {9, 1}}, kAnswers = {{20, 1}, {21, 22, 1}};

/// A routed model of three experts, and a trace of two rows through it.
class Traced {
 public:
  Traced() {
    RoutedModel routed(model, test::write_router_experts(scratch_.path(), model.config(), {"a", "b", "c"}), {});
    trace.emplace(std::ssize(routed.linear_paths()));
    const RoutedModel::Observation observation = routed.observe(*trace);
    test::logits_of(model, kInputs, kAnswers);
  }

  Explanation explain(std::size_t row, const std::string& module = "") const {
    return explain_row(*trace, static_cast<std::int64_t>(row), model.groups(), module, kInputs[row], kAnswers[row]);
  }

  T5Model model = test::tiny_model();
  std::optional<TokenTrace> trace;

 private:
  ScratchDirectory scratch_;
};

double weight_of(const ExpertWeights& experts, std::int32_t expert) {
  const auto found = std::ranges::find(experts, expert, &ExpertWeight::expert);
  return found == experts.end() ? 0 : found->weight;
}

/// By hand: the mean over the linears of one token's weights of an expert.
double mean_of_linears(const ExplainedTokens& tokens, std::size_t token, std::int32_t expert) {
  double sum = 0;
  for (const auto& [path, choices] : tokens.linears) sum += weight_of(choices[token], expert);
  return sum / static_cast<double>(tokens.linears.size());
}

}  // namespace

TEST_CASE("every token of input and answer has the mean of its linears' weights") {
  const Traced traced;
  for (const std::size_t row : {0, 1}) {
    const Explanation explanation = traced.explain(row);
    CHECK(explanation.input.ids == kInputs[row]);
    CHECK(explanation.answer.ids == kAnswers[row]);
    double pairs = 0;
    std::vector<double> sums(3);
    for (const ExplainedTokens* tokens : {&explanation.input, &explanation.answer}) {
      REQUIRE(tokens->means.size() == tokens->ids.size());
      pairs += static_cast<double>(tokens->ids.size() * tokens->linears.size());
      for (std::size_t t = 0; t < tokens->ids.size(); ++t) {
        double total = 0, last = 1;
        for (const auto& [expert, weight] : tokens->means[t]) {
          CHECK(weight == Approx(mean_of_linears(*tokens, t, expert)));
          CHECK(weight <= last);
          total += last = weight;
          sums[static_cast<std::size_t>(expert)] += weight * static_cast<double>(tokens->linears.size());
        }
        CHECK(total == Approx(1.0));
      }
    }
    for (std::int32_t e = 0; e < 3; ++e) CHECK(weight_of(explanation.experts, e) == Approx(sums[e] / pairs));
  }
}

TEST_CASE("linears that read the encoder's states count for the input, those of the decoder for the answer") {
  const Explanation explanation = Traced().explain(0);
  // Two layers: q, k, v, o, wi_0, wi_1, wo of the encoder, k and v of cross-attention; the rest of the decoder.
  CHECK(explanation.input.linears.size() == 2 * 7 + 2 * 2);
  CHECK(explanation.answer.linears.size() == 2 * 9);
  for (const auto& [path, tokens] : explanation.answer.linears) CHECK(path.starts_with("decoder."));
}

TEST_CASE("an explanation can be confined to a module") {
  const Traced traced;
  const Explanation explanation = traced.explain(0, "decoder.block.1.layer.0");
  CHECK(explanation.input.linears.empty());
  CHECK((explanation.input.means == std::vector<ExpertWeights>(5)));
  REQUIRE(explanation.answer.linears.size() == 4);
  CHECK(explanation.answer.linears[0].first == "decoder.block.1.layer.0.SelfAttention.q");
  CHECK(is_below("decoder.block.1.layer.0.SelfAttention.q", "decoder.block.1"));
  CHECK(is_below("a.b", "a.b"));
  CHECK(is_below("a.b", ""));
  CHECK_FALSE(is_below("decoder.block.10.layer.0", "decoder.block.1"));
}

TEST_CASE("tokens are shown with the expert of most weight, as text or in its colour") {
  const Tokenizer tokenizer(golden_path("text"));
  const std::string sentence = "the sea  wall";
  Explanation explanation;
  ExplainedTokens& tokens = explanation.input;
  tokens.ids = tokenizer.encode_with_eos(sentence, 20);
  tokens.means.assign(tokens.ids.size(), {{1, 0.75}, {0, 0.25}});
  tokens.means.front() = {{0, 1.0}};
  tokens.means.back() = {};
  explanation.experts = {{1, 0.6}, {0, 0.4}};
  const std::vector<std::string> names = {"one", "two", "three"};

  const std::string text = tokens_with_experts(tokens, names, &tokenizer);
  CHECK_THAT(text, Catch::StartsWith(tokenizer.piece(tokens.ids[0]) + "/one ") && Catch::Contains("/two ") &&
                       Catch::EndsWith(" </s>/-"));
  CHECK(std::ranges::count(text, ' ') == std::ssize(tokens.ids) - 1);

  const std::string coloured = coloured_tokens(tokens, &tokenizer);
  std::string plain;
  for (std::size_t i = 0; i < coloured.size(); ++i) {
    if (coloured[i] == '\x1b') i = coloured.find('m', i) + 1;
    if (i < coloured.size() && coloured[i] != '\x1b') plain += coloured[i];
    if (i < coloured.size() && coloured[i] == '\x1b') --i;
  }
  CHECK(plain == "the sea wall</s>");
  const std::string legend = colour_legend(explanation, names);
  CHECK_THAT(legend, Catch::Contains("two") && Catch::Contains("one") && !Catch::Contains("three"));
  CHECK(legend.find("two") < legend.find("one"));
  const std::string colour_of_one =
      legend.substr(legend.rfind("\x1b[38"), legend.find("one") - legend.rfind("\x1b[38"));
  CHECK_THAT(coloured, Catch::StartsWith(colour_of_one));

  CHECK_THAT(tokens_with_experts(tokens, names, nullptr), Catch::EndsWith(" 1/-"));
}

}  // namespace phatgoose
