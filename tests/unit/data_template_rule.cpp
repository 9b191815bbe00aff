#include "phatgoose/data/template_rule.h"

#include <catch2/catch.hpp>

namespace phatgoose {
namespace {

using Names = std::vector<std::string>;
using Places = std::vector<std::int64_t>;

Record row_of(const std::string& id, const std::string& template_name) {
  Record record;
  record.id = id;
  record.template_name = template_name;
  return record;
}

/// Three examples with the templates "GPT-3 style", "can we infer" and "…why?", in differing orders, as P3 calls them.
std::vector<Record> three_examples() {
  return {row_of("a", "can_we_infer"), row_of("a", "GPT_3_style"),  row_of("a", "_why_"),
          row_of("b", "GPT_3_style"),  row_of("b", "can_we_infer"), row_of("c", "_why_"),
          row_of("c", "can_we_infer"), row_of("c", "GPT_3_style"),  row_of("c", "")};
}

TEST_CASE("template names are compared as P3 writes those of PromptSource") {
  CHECK(template_key("GPT-3 style") == "GPT_3_style");
  CHECK(template_key("C1 or C2? premise, so/because…") == "C1_or_C2_premise_so_because_");
  CHECK(template_key("…why? C1 or C2") == "_why_C1_or_C2");
  CHECK(template_key("Read And Extract ") == "Read_And_Extract_");
  CHECK(template_key("v1.0_a") == "v1.0_a");
  CHECK(template_key("a_ b") == "a__b");
  CHECK(template_key("") == "");
}

TEST_CASE("a task asks all templates, some of them, or all but some") {
  const std::vector<Record> rows = three_examples();
  CHECK(choose_by_template(rows, {}).places == Places{0, 1, 2, 3, 4, 5, 6, 7, 8});
  CHECK(choose_by_template(rows, {.only = {"GPT-3 style"}}).places == Places{1, 3, 7});
  CHECK(choose_by_template(rows, {.without = {"…why?", "can we infer"}}).places == Places{1, 3, 7, 8});
  CHECK(choose_by_template(rows, {.only = {"no such"}}).places.empty());
}

TEST_CASE("names that no row has are told") {
  const TemplateChoice choice =
      choose_by_template(three_examples(), {.only = {"GPT-3 style", "must be true"}, .without = {"exercise", "…why?"}});
  CHECK(choice.no_such_row == Names{"must be true", "exercise"});
  CHECK(choice.places == Places{1, 3, 7});
}

TEST_CASE("templates take turns over the examples") {
  const std::vector<Record> rows = three_examples();
  // in the order of the file: row 0 of a, row 1 of b, row 2 of c
  CHECK(choose_by_template(rows, {.in_turn = true}).places == Places{0, 4, 7});
  // in the order of the list: GPT-3 style for a, can we infer for b, why for c
  CHECK(choose_by_template(rows, {.only = {"GPT-3 style", "can we infer", "…why?"}, .in_turn = true}).places ==
        Places{1, 4, 5});
  // the examples are counted that have a row; b has one less than the others
  CHECK(choose_by_template(rows, {.only = {"…why?", "GPT-3 style"}, .in_turn = true}).places == Places{2, 3, 5});
  CHECK(choose_by_template(rows, {.only = {"…why?"}, .in_turn = true}).places == Places{2, 5});
}

TEST_CASE("examples that are apart in the file are counted once") {
  const std::vector<Record> by_template = {row_of("a", "x"), row_of("b", "x"), row_of("c", "x"),
                                           row_of("a", "y"), row_of("b", "y"), row_of("c", "y")};
  CHECK(choose_by_template(by_template, {.in_turn = true}).places == Places{0, 2, 4});
}

}  // namespace
}  // namespace phatgoose
