// The seam between routers that look at whole inputs: an input, as a sentence encoder embeds it, gives scores by
// expert, which are added to the scores of all its tokens (RowContext::expert_scores). A new way to score inputs is a
// file and a case in input_scorer.cpp.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "phatgoose/store/expert_directory.h"
#include "phatgoose/store/router_kinds.h"
#include "phatgoose/store/routing_settings.h"
#include "phatgoose/store/stored_embeddings.h"

namespace phatgoose {

/// The sentence encoder that inputs must be embedded with.
struct RequiredEncoder {
  std::string name, fingerprint;
  std::int64_t dimension = 0;  ///< D
};

class InputScorer {
 public:
  /// One entry for each expert, in order; all of one encoder: bad_data otherwise.
  explicit InputScorer(std::span<const StoredEmbeddings> experts);
  virtual ~InputScorer() = default;

  const RequiredEncoder& encoder() const { return encoder_; }
  /// fp32 on the CPU; -infinity: the expert does not compete for this input. `excluded` does not compete for any; -1:
  /// all do.
  virtual at::Tensor scores(const at::Tensor& embeddings, std::int64_t excluded) const = 0;  // [n, D] -> [n, E]

 private:
  RequiredEncoder encoder_;
};

/// From the embeddings that the router of the settings needs of each expert, in order; null where it compares none.
std::unique_ptr<InputScorer> make_input_scorer(const RoutingSettings& settings,
                                               std::span<const ExpertDirectory> experts);

}  // namespace phatgoose
