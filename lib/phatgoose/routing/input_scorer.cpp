#include "phatgoose/routing/input_scorer.h"

#include "phatgoose/base/error.h"
#include "phatgoose/routing/retrieval_index.h"

namespace phatgoose {

std::unique_ptr<InputScorer> make_input_scorer(const RouterKind& kind, std::span<const ExpertDirectory> experts) {
  switch (kind.input_scores) {
    case RouterKind::InputScores::none:
      return nullptr;
    case RouterKind::InputScores::nearest_example:
      return make_retrieval_index(kind, experts);
  }
  fail(ExitCode::bug, {.where = "router " + kind.name, .found = "scores of inputs of no kind"});
}

}  // namespace phatgoose
