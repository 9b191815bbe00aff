// Rank classification (METHODS 9): the log-likelihood of every answer choice given the input.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "phatgoose/data/token_labels.h"
#include "phatgoose/eval/encoder_cache.h"
#include "phatgoose/nn/t5_model.h"

namespace phatgoose {

/// What is known of an input besides its tokens.
struct InputFacts {
  std::vector<float> expert_scores = {};  ///< of the input as a whole, for routers that ask for it
                                          ///< (RowContext::expert_scores)
  std::int64_t task = -1;                 ///< for adapters that have tasks (RowContext::tasks); -1: not known

  auto operator<=>(const InputFacts&) const = default;
};

/// An input and the answers to choose from, as the model reads them: nothing is added, EOS included where it counts.
struct Question {
  TokenIds input;
  std::vector<TokenIds> choices;
  InputFacts facts = {};
  /// The expert that each token goes to, for routers that ask for it (RowContext::token_experts). A token of a choice
  /// is work of the decoder position that predicts it.
  ExpertNumbers input_experts = {};
  std::vector<ExpertNumbers> choices_experts = {};
};

/// The rows' ids as one packed batch with what is known of them: the same of all rows. No facts: nothing is known.
PackedIds pack_questions(std::span<const TokenIds> inputs, std::span<const InputFacts> facts, at::Device device);

/// What the model thinks of each choice of one question.
struct ChoiceScores {
  std::vector<double> log_likelihoods;   ///< sums over the choice's tokens
  std::vector<std::int64_t> num_tokens;  ///< tokens of the choice
};

/// How scoring is cut into passes; no score depends on it beyond fp32 rounding.
struct ScoringPasses {
  std::int64_t tokens = 4096;       ///< at most so many tokens in one encoder or decoder pass
  EncoderCache* encoder = nullptr;  ///< has the encoder's states; null: they are computed each time
};

/// Numbers of the questions that each encoder pass of score_choices() answers. The questions of one pass, scored by
/// themselves, have the same scores to the bit.
std::vector<std::vector<std::int64_t>> question_passes(std::span<const Question> questions, std::int64_t tokens);

/// Scores every choice of every question, in the order given. Each distinct input is encoded once, however many
/// questions ask it, and its cross-attention keys and values are shared by all its choices; the vocabulary head runs on
/// target positions only. No gradients.
std::vector<ChoiceScores> score_choices(const T5Model& model, std::span<const Question> questions,
                                        const ScoringPasses& passes = {});

}  // namespace phatgoose
