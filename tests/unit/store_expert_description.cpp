#include "phatgoose/store/expert_description.h"

#include <catch2/catch.hpp>

#include "support/fails_with.h"
#include "support/scratch_directory.h"

namespace phatgoose {
namespace {

TEST_CASE("a description comes back as it was written") {
  const test::ScratchDirectory scratch;
  CHECK_FALSE(read_description(scratch.path()));
  write_description(scratch.path(), {.text = "Über \"Züge\".",
                                     .source = "model",
                                     .prompt = "p",
                                     .examples = {"x", "y"},
                                     .model = "m",
                                     .settings = {{"temperature", 0}},
                                     .made_from = {{"request", "0123"}}});
  const auto description = read_description(scratch.path());
  REQUIRE(description);
  CHECK(description->text == "Über \"Züge\".");
  CHECK(description->source + description->prompt + description->model == "modelpm");
  CHECK(description->examples == std::vector<std::string>{"x", "y"});
  CHECK(description->settings == Json{{"temperature", 0}});
  CHECK(description->made_from == Json{{"request", "0123"}});
}

TEST_CASE("a description without text is refused") {
  const test::ScratchDirectory scratch;
  const auto refused = [&](const std::string& json, const std::string& reason) {
    test::write_text(scratch / kDescriptionFile, json);
    CAPTURE(json);
    CHECK_THROWS_MATCHES(read_description(scratch.path()), Error,
                         test::FailsWith(ExitCode::bad_data, "description.json", reason));
  };
  refused("{", "rm ");
  refused("[]", "a JSON array");
  refused(R"({"source": "given"})", "no \"text\"");
  refused(R"({"text": "t"})", "no \"source\"");
  refused(R"({"text": " ", "source": "given"})", "an empty \"text\"");
  refused(R"({"text": "t", "source": "given", "example": []})", "did you mean examples?");
  refused(R"({"text": "t", "source": "given", "examples": [1]})", "\"examples\"");
}

}  // namespace
}  // namespace phatgoose
