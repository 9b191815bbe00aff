// Descriptions by a rule: terms, kinds of answers, and the sentence.
#include <catch2/catch.hpp>

#include "phatgoose/describe/answer_kind.h"
#include "phatgoose/describe/content_terms.h"
#include "phatgoose/describe/rule_source.h"

namespace phatgoose {
namespace {

using Words = std::vector<std::string>;

std::string kind(const std::vector<std::string>& targets) {
  std::vector<ShownExample> examples;
  for (const std::string& target : targets) examples.push_back({.input = "i", .target = target});
  return answer_kind(examples);
}

std::string kind_of(const std::vector<Words>& choices) {
  std::vector<ShownExample> examples;
  for (const Words& these : choices) examples.push_back({.input = "i", .choices = these});
  return answer_kind(examples);
}

TEST_CASE("terms are the content words that most texts have") {
  const Texts texts = {"What does the Cat eat? The cat!", "What does a dog eat?",
                       "Does the cow eat 12 x_y grass, grass?"};
  CHECK(content_terms(texts, {}, 3) == Words{"eat", "cat", "grass"});
  CHECK(content_terms(texts, {}, 9) == Words{"eat", "cat", "grass", "dog", "cow"});
  CHECK(content_terms({}, {}, 3).empty());
  CHECK(content_terms({"the of 1999"}, {}, 3).empty());
}

TEST_CASE("a word that the others have too tells less") {
  const Texts texts = {"feed the lion", "feed the bear"};
  CHECK(content_terms(texts, {}, 2) == Words{"feed", "lion"});
  const std::vector<Texts> others = {{"feed the line"}, {"feed it", "feed them"}};
  CHECK(content_terms(texts, others, 2) == Words{"lion", "bear"});
  CHECK(content_terms(texts, others, 3) == Words{"lion", "bear", "feed"});                   // better than nothing
  CHECK(content_terms(texts, {others[0], {"a lion"}}, 3) == Words{"bear", "feed", "lion"});  // 1.10, 0.81, 0.41
}

TEST_CASE("words of other scripts count") {
  CHECK(content_terms({"Wie heißt die ÜBERSCHRIFT?"}, {}, 9) == Words{"wie", "heißt", "die", "überschrift"});
  CHECK(content_terms({"東京 は どこ"}, {}, 9) == Words{"東京", "どこ"});
}

TEST_CASE("the kind of answer is that of all targets") {
  CHECK(kind({"Yes", "no."}) == "yes or no");
  CHECK(kind({"True", "True"}) == "true or false");
  CHECK(kind({"12", "-3.5", "1,000"}) == "a number");
  CHECK(kind({"12", "twelve"}) == "a word");
  CHECK(kind({"seeds", "green seeds"}) == "a short phrase");
  CHECK(kind({"He ran.", "seeds"}) == "a sentence");
  CHECK(kind({"one two three four five six seven", "x"}) == "a sentence");
  std::string longer;
  for (int i = 0; i < 41; ++i) longer += "word ";
  CHECK(kind({longer}) == "a longer text");
  CHECK(kind({"", "x"}).empty());
  CHECK(answer_kind({}).empty());
}

TEST_CASE("the kind of choices is whether they are the same, and how many") {
  CHECK(kind_of({{"yes", "no"}, {"no", "yes"}}) == "yes or no");
  CHECK(kind_of({{"yes", "no"}}) == "yes or no");
  CHECK(kind_of({{"big", "small", "tiny"}, {"tiny", "big", "small"}}) == "one of the choices big, small and tiny");
  CHECK(kind_of({{"big", "small", "tiny"}}) == "one of 3 choices");  // a single row does not tell
  CHECK(kind_of({{"a", "b"}, {"a", "c"}}) == "one of 2 choices");
  CHECK(kind_of({{"a", "b"}, {"a", "b", "c"}}) == "one of several choices");
  const std::string longer(21, 'x');
  CHECK(kind_of({{"a", longer}, {"a", longer}}) == "one of 2 choices");
}

TEST_CASE("the rule makes a sentence, the same for the same examples") {
  RuleSource rule;
  DescriptionRequest request{
      .name = "e",
      .subject = "expert e",
      .examples = {{.input = "Feed the lion", .target = "12"}, {.input = "Feed it", .target = "3"}}};
  CHECK(rule.describe(request) == "A task about feed and lion, answered with a number.");
  const std::string key = description_key(request, rule.origin(request));
  request.examples[0].target.clear();
  CHECK(rule.describe(request) == "A task about feed and lion.");
  CHECK(description_key(request, rule.origin(request)) != key);
  CHECK(rule.describe({.name = "e", .subject = "e", .examples = {{.input = "1 2"}}}) == "A task.");
}

}  // namespace
}  // namespace phatgoose
