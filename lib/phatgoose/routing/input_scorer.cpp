#include "phatgoose/routing/input_scorer.h"

#include "phatgoose/base/error.h"
#include "phatgoose/routing/description_scorer.h"
#include "phatgoose/routing/retrieval_index.h"

namespace phatgoose {

namespace {

std::vector<StoredEmbeddings> stored_embeddings(const RouterKind& kind, std::span<const ExpertDirectory> experts) {
  const ExpertNeed& need = *kind.need(ExpertNeed::Form::embeddings);
  std::vector<StoredEmbeddings> stored;
  for (const ExpertDirectory& expert : experts) {
    stored.push_back(read_embeddings(needed_file(kind, need, /*base=*/{}, expert.path()),
                                     command_that_makes(kind, need, /*base=*/{}, expert.path())));
  }
  return stored;
}

}  // namespace

InputScorer::InputScorer(std::span<const StoredEmbeddings> experts) {
  for (const StoredEmbeddings& stored : experts) {
    const std::int64_t dimension = stored.embeddings.shape[1];
    if (&stored == &experts.front()) encoder_ = {stored.encoder_name, stored.encoder_fingerprint, dimension};
    if (stored.encoder_fingerprint == encoder_.fingerprint && dimension == encoder_.dimension) continue;
    refuse("embeddings", stored.encoder_name + " with " + std::to_string(dimension) + " numbers",
           encoder_.name + " with " + std::to_string(encoder_.dimension) + ", as before");
  }
}

std::unique_ptr<InputScorer> make_input_scorer(const RoutingSettings& settings,
                                               std::span<const ExpertDirectory> experts) {
  const RouterKind& kind = router_kind(settings.router, "router");
  switch (kind.input_scores) {
    case RouterKind::InputScores::none:
      return nullptr;
    case RouterKind::InputScores::nearest_example:
      return std::make_unique<RetrievalIndex>(stored_embeddings(kind, experts));
    case RouterKind::InputScores::description:
      return std::make_unique<DescriptionScorer>(stored_embeddings(kind, experts), settings.alpha_for(kind));
    case RouterKind::InputScores::consensus:
      return nullptr;  // the routed model itself scores inputs
  }
  fail(ExitCode::bug, {.where = "router " + kind.name, .found = "scores of inputs of no kind"});
}

}  // namespace phatgoose
