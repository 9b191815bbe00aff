#include "phatgoose/settings/prepare.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "phatgoose/base/error.h"
#include "phatgoose/store/router_kinds.h"

namespace phatgoose {
OptionSet PrepareSettings::declare() {
  OptionSet set("prepare", "Compute what a router needs of an expert, other than a trained gate");
  set.begin_group("What");
  set.add("model", &model, "base model directory").as("DIR").must();
  set.add("router", &router, "whose needs: mean inputs, singular vectors, or embeddings of examples")
      .one_of(router_names(&RouterKind::prepared))
      .must();
  set.add("expert", &experts,
          "expert directory, which the result is put into; several for arrow; a name before it, as other commands "
          "take, changes nothing here")
      .as("[NAME=]DIR");
  declare_library(set, library);
  declare_allow_partial(set, allow_partial);
  set.begin_group("Examples (not for arrow)");
  set.add("data", &data, "the expert's training rows: JSON Lines files, plain or .gz").as("FILE");
  set.add("examples", &examples, "number of rows, drawn with --seed; all, if there are fewer").at_least(1);
  set.add("max-input", &max_input, "inputs are cut to so many tokens, EOS kept").at_least(2);
  set.add("max-target", &max_target, "targets are cut to so many tokens, EOS kept").at_least(2);
  reading.declare(set);
  set.add(
         "encoder", &encoder,
         "sentence encoder directory for retrieval (of the BERT, MPNet or NomicBERT family, such as all-MiniLM-L6-v2); "
         "default: the mean of the base's encoder states")
      .as("DIR");
  set.begin_group("Machine");
  set.add("pass-tokens", &pass_tokens, "most tokens in one pass; changes speed and memory, not results")
      .at_least(1)
      .formerly({"batch-tokens"});
  common.declare(set);
  return set;
}

namespace {

bool embeds_examples(const RouterKind& kind) {
  const ExpertNeed* need = kind.need(ExpertNeed::Form::embeddings);
  return need != nullptr && need->prepared();
}

}  // namespace

std::vector<NamedDirectory> PrepareSettings::checked_experts() const {
  const std::string where = "--router " + router;
  const RouterKind& kind = router_kind(router, "--router");
  if (encoder && !embeds_examples(kind)) {
    const auto names = router_names(embeds_examples);
    refuse_usage(where, "--encoder given", fmt::format("none: only {} has an encoder", fmt::join(names, ", ")));
  }
  const std::vector<NamedDirectory> all = some_experts(experts, library);
  if (!kind.prepared_from_rows()) {
    if (!data.empty()) refuse_usage(where, "--data given", "none: all that it needs is in the LoRA itself");
    return all;
  }
  if (data.empty()) refuse_usage(where, "no --data", "the expert's training rows");
  if (all.size() > 1) refuse_usage(where, std::to_string(all.size()) + " experts", "one, whose data these are");
  return all;
}

}  // namespace phatgoose
