// Which experts an answer came from, token by token.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "phatgoose/nn/linear_group.h"
#include "phatgoose/routing/token_trace.h"
#include "phatgoose/text/tokenizer.h"

namespace phatgoose {

/// The input's or the answer's tokens. An answer's token is the work of the decoder position that predicts it.
struct ExplainedTokens {
  TokenIds ids;
  std::vector<ExpertWeights> means;  ///< of each token: mean weights over the linears; empty where no linear routed it
  std::vector<std::pair<std::string, std::vector<ExpertWeights>>> linears;  ///< by module path: the same of each token
};

/// What each expert's weights come from, by its number: before the softmax, and before what selection leaves out.
struct ExpertScores {
  std::vector<float> local;   ///< mean over all linears and tokens of what the router makes of a token
  std::vector<float> global;  ///< what is added for the input as a whole (RowContext::expert_scores)
};

struct Explanation {
  ExpertWeights experts;                    ///< mean weights over all linears and tokens
  std::optional<ExpertScores> scores = {};  ///< for a router that scores both tokens and whole inputs
  ExplainedTokens input, answer;
};

/// Packed row `row` of a pass through the encoder and the decoder, from the linears below the module `module` (a path;
/// empty: all). The keys and values of cross-attention are computed from the input, and count there.
Explanation explain_row(const TokenTrace& trace, std::int64_t row, std::span<const LinearGroup* const> groups,
                        const std::string& module, TokenIds input, TokenIds answer);

/// Whether the linear with this path lies below the module, or is it; every linear does for an empty one.
bool is_below(const std::string& path, const std::string& module);

}  // namespace phatgoose
