#include "phatgoose/eval/rank_scorer.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <algorithm>
#include <map>
#include <numeric>

#include "phatgoose/nn/loss.h"

namespace phatgoose {
namespace {

/// One choice of one question.
struct Place {
  std::size_t question, choice;
};

/// Ids, and the experts of their tokens where they are given.
struct Tokens {
  TokenIds ids;
  ExpertNumbers experts;

  auto operator<=>(const Tokens&) const = default;
};

/// A distinct input with the distinct targets that are scored against it, and the places that each target answers.
struct SharedInput {
  Tokens tokens;
  InputFacts facts;
  std::map<Tokens, std::vector<Place>> targets;
  std::vector<std::int64_t> questions = {};

  std::int64_t length() const { return static_cast<std::int64_t>(tokens.ids.size()); }
};

/// Distinct inputs in order of length, so that the rows of one pass are of similar length.
std::vector<SharedInput> share_inputs(std::span<const Question> questions) {
  std::map<std::pair<Tokens, InputFacts>, std::size_t> index_of;
  std::vector<SharedInput> inputs;
  for (std::size_t q = 0; q < questions.size(); ++q) {
    const Question& question = questions[q];
    const Tokens tokens{question.input, question.input_experts};
    const auto [found, added] = index_of.try_emplace({tokens, question.facts}, inputs.size());
    if (added) inputs.push_back({tokens, question.facts, {}});
    SharedInput& input = inputs[found->second];
    input.questions.push_back(static_cast<std::int64_t>(q));
    for (std::size_t c = 0; c < question.choices.size(); ++c) {
      const bool labelled = !question.choices_experts.empty();
      input.targets[{question.choices[c], labelled ? question.choices_experts[c] : ExpertNumbers()}].push_back({q, c});
    }
  }
  std::stable_sort(inputs.begin(), inputs.end(),
                   [](const SharedInput& a, const SharedInput& b) { return a.length() < b.length(); });
  return inputs;
}

/// The inputs of each encoder pass: at most `tokens` tokens, or a single input.
std::vector<std::span<const SharedInput>> cut(std::span<const SharedInput> inputs, std::int64_t tokens) {
  std::vector<std::span<const SharedInput>> passes;
  for (std::size_t first = 0, last = 0; first < inputs.size(); first = last) {
    std::int64_t used = 0;
    do {
      used += inputs[last++].length();
    } while (last < inputs.size() && used + inputs[last].length() <= tokens);
    passes.push_back(inputs.subspan(first, last - first));
  }
  return passes;
}

/// Targets of one decoder pass: token ids and experts, the encoder row of each, and where each score belongs.
struct TargetPass {
  std::vector<TokenIds> targets;
  std::vector<ExpertNumbers> experts;
  std::vector<std::int64_t> source_rows;
  std::vector<const std::vector<Place>*> places;
  std::int64_t tokens = 0;

  void add(const Tokens& target, std::int64_t source_row, const std::vector<Place>& answered) {
    targets.push_back(target.ids);
    experts.push_back(target.experts);
    source_rows.push_back(source_row);
    places.push_back(&answered);
    tokens += static_cast<std::int64_t>(target.ids.size());
  }
};

void score_targets(const T5Model& model, const EncodedRows& encoded, const TargetPass& pass,
                   std::vector<ChoiceScores>& scores) {
  if (pass.targets.empty()) return;
  const auto start = static_cast<TokenId>(model.config().decoder_start_token_id);
  PackedIds inputs = pack_decoder_inputs(pass.targets, start, model.device());
  inputs.rows.token_experts =
      token_experts_of(pass.experts);  // position t predicts token t, and both have number t in their row
  const PackedIds targets = pack_ids(pass.targets, model.device());
  const at::Tensor hidden = model.decode(inputs, encoded, pass.source_rows);  // [N_tgt, D]
  const at::Tensor per_token =
      target_log_likelihoods(hidden, model.head(), targets.ids).to(at::kCPU, at::kFloat).contiguous();  // [N_tgt]
  const float* values = per_token.const_data_ptr<float>();
  for (std::int64_t row = 0; row < targets.packing.rows(); ++row) {
    const float* first = values + targets.packing.offset(row);
    const double sum = std::accumulate(first, first + targets.packing.length(row), 0.0);
    for (const Place& place : *pass.places[row]) scores[place.question].log_likelihoods[place.choice] = sum;
  }
}

/// Encodes the inputs of one pass once and scores all their targets, a bounded number of tokens at a time.
void score_inputs(const T5Model& model, std::span<const SharedInput> inputs, const ScoringPasses& passes,
                  std::vector<ChoiceScores>& scores) {
  std::vector<TokenIds> rows;
  std::vector<ExpertNumbers> experts;
  std::vector<InputFacts> facts;
  for (const SharedInput& input : inputs) {
    rows.push_back(input.tokens.ids);
    experts.push_back(input.tokens.experts);
    facts.push_back(input.facts);
  }
  PackedIds packed = pack_questions(rows, facts, model.device());
  packed.rows.token_experts = token_experts_of(experts);
  const EncodedRows encoded = encode_with(model, packed, passes.encoder);
  TargetPass pass;
  for (std::size_t row = 0; row < inputs.size(); ++row) {
    for (const auto& [target, places] : inputs[row].targets) {
      if (pass.tokens > 0 && pass.tokens + static_cast<std::int64_t>(target.ids.size()) > passes.tokens) {
        score_targets(model, encoded, pass, scores);
        pass = {};
      }
      pass.add(target, static_cast<std::int64_t>(row), places);
    }
  }
  score_targets(model, encoded, pass, scores);
}

}  // namespace

PackedIds pack_questions(std::span<const TokenIds> inputs, std::span<const InputFacts> facts, at::Device device) {
  PackedIds packed = pack_ids(inputs, device);
  if (facts.empty()) return packed;
  if (const auto experts = std::ssize(facts.front().expert_scores); experts > 0) {
    at::Tensor scores = at::empty({packed.packing.rows(), experts});
    float* values = scores.mutable_data_ptr<float>();
    for (const InputFacts& row : facts) values = std::ranges::copy(row.expert_scores, values).out;
    packed.rows.expert_scores = std::move(scores);
  }
  if (facts.front().task >= 0) {
    std::vector<std::int64_t> tasks;
    for (const InputFacts& row : facts) tasks.push_back(row.task);
    packed.rows.tasks = at::tensor(tasks, at::kLong);  // [rows]
  }
  return packed;
}

std::vector<std::vector<std::int64_t>> question_passes(std::span<const Question> questions, std::int64_t tokens) {
  const std::vector<SharedInput> inputs = share_inputs(questions);
  std::vector<std::vector<std::int64_t>> passes;
  for (const std::span<const SharedInput> pass : cut(inputs, tokens)) {
    std::vector<std::int64_t>& numbers = passes.emplace_back();
    for (const SharedInput& input : pass) numbers.insert(numbers.end(), input.questions.begin(), input.questions.end());
    std::ranges::sort(numbers);
  }
  return passes;
}

std::vector<ChoiceScores> score_choices(const T5Model& model, std::span<const Question> questions,
                                        const ScoringPasses& passes) {
  const at::NoGradGuard no_grad;
  std::vector<ChoiceScores> scores(questions.size());
  for (std::size_t q = 0; q < questions.size(); ++q) {
    scores[q].log_likelihoods.resize(questions[q].choices.size());
    for (const TokenIds& choice : questions[q].choices) {
      scores[q].num_tokens.push_back(static_cast<std::int64_t>(choice.size()));
    }
  }
  const std::vector<SharedInput> inputs = share_inputs(questions);
  for (const std::span<const SharedInput> pass : cut(inputs, passes.tokens)) score_inputs(model, pass, passes, scores);
  return scores;
}

}  // namespace phatgoose
