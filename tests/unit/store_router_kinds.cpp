// The registry of routers: names, what each needs of an expert, and the commands that make it.
#include "phatgoose/store/router_kinds.h"

#include <catch2/catch.hpp>
#include <set>

#include "support/expect_error.h"
#include "support/scratch_directory.h"

namespace phatgoose {
namespace {

using Form = ExpertNeed::Form;
using Maker = ExpertNeed::Maker;

TEST_CASE("a router is found by its name, and an unknown one is refused with the nearest") {
  CHECK(&router_kind("arrow", "here") == &router_kinds()[2]);
  CHECK(router_names().size() == router_kinds().size());
  test::expect_bad_data([] { router_kind("arow", "here"); }, {"here", "arow", "phatgoose, ", "did you mean arrow"});
}

TEST_CASE("routers are told apart by their fields") {
  using Names = std::vector<std::string>;
  const Names gliders = {"glider", "glider-average-activation", "glider-arrow"};
  CHECK(router_names(&RouterKind::describes) == gliders);
  CHECK(router_names(&RouterKind::takes_alpha) == Names{gliders[0], gliders[1], gliders[2], "consensus"});
  CHECK(router_names(&RouterKind::embeds) == Names{gliders[0], gliders[1], gliders[2], "retrieval"});
  CHECK(router_names(&RouterKind::follows_labels) == std::vector<std::string>{"token-oracle"});
  CHECK(router_names(&RouterKind::merges) == std::vector<std::string>{"merged-factors", "merged-product"});
  CHECK(router_names(&RouterKind::selects) ==
        Names{"phatgoose", "average-activation", "arrow", gliders[0], gliders[1], gliders[2], "consensus"});
  CHECK(router_names(&RouterKind::prepared) ==
        Names{"average-activation", "arrow", gliders[1], gliders[2], "retrieval"});
  CHECK(router_kind("single", "here").most_experts == 1);
}

TEST_CASE("the registry is consistent") {
  std::set<std::string> names;
  for (const RouterKind& kind : router_kinds()) {
    CAPTURE(kind.name);
    CHECK(names.insert(kind.name).second);
    CHECK((kind.need(Form::vectors) != nullptr) == (kind.token_scores != RouterKind::TokenScores::none));
    CHECK((kind.need(Form::embeddings) != nullptr) == kind.embeds());
    for (const Form form : {Form::vectors, Form::embeddings}) {
      CHECK(std::ranges::count(kind.needs, form, &ExpertNeed::form) <= 1);
    }
  }
}

TEST_CASE("of several needs the missing one is named, with the command that makes it") {
  const test::ScratchDirectory scratch;
  const RouterKind kind{.name = "both",
                        .needs = {{"gate.safetensors", Form::vectors, Maker::train_gate},
                                  {"both.safetensors", Form::embeddings, Maker::example_embeddings}}};
  CHECK(kind.prepared());
  CHECK(kind.prepared_from_rows());
  const auto missing = [&](const ExpertNeed& need, const std::vector<std::string>& words) {
    test::expect_bad_data([&] { needed_file(kind, need, "a base", scratch.path()); }, words);
  };
  missing(kind.needs[0],
          {"no gate.safetensors", "what the router both needs", "(phatgoose train-gate --model 'a base' --expert "});
  test::write_text(scratch / "gate.safetensors", "");
  CHECK(needed_file(kind, kind.needs[0], {}, scratch.path()) == scratch / "gate.safetensors");
  missing(kind.needs[1], {"no both.safetensors", "(phatgoose prepare --router both --model 'a base' --expert ",
                          " --data TRAIN.jsonl)"});
}

TEST_CASE("a command asks for training rows only where they are read") {
  const RouterKind& arrow = router_kind("arrow", "here");
  CHECK(command_that_makes(arrow, arrow.needs.front(), {}, "e/") ==
        "phatgoose prepare --router arrow --model BASE --expert e/");
  CHECK_FALSE(arrow.prepared_from_rows());
}

TEST_CASE("descriptions have a command of their own, and are not for prepare") {
  const RouterKind kind{.name = "k", .needs = {{"description.safetensors", Form::embeddings, Maker::descriptions}}};
  CHECK_FALSE(kind.prepared());
  CHECK(command_that_makes(kind, kind.needs.front(), {}, "e/") ==
        "phatgoose describe --source rule --model BASE --expert e/ --data TRAIN.jsonl");
}

}  // namespace
}  // namespace phatgoose
