// What surrounds the question to a model: its address, the pace, several at a time, answers that are kept.
#include <atomic>
#include <catch2/catch.hpp>
#include <cstdlib>

#include "phatgoose/base/signals.h"
#include "phatgoose/describe/describe_all.h"
#include "phatgoose/describe/endpoint.h"
#include "phatgoose/describe/request_pace.h"
#include "phatgoose/describe/response_cache.h"
#include "support/fails_with.h"
#include "support/scratch_directory.h"
#include "support/stderr_of.h"

namespace phatgoose {
namespace {

using test::FailsWith;
using test::ScratchDirectory;
using namespace std::chrono_literals;

/// The variable of the key, as it was before at the end.
class KeyOf {
 public:
  explicit KeyOf(const char* key) { ::setenv(kApiKeyVariable, key, 1); }
  ~KeyOf() { ::unsetenv(kApiKeyVariable); }
};

TEST_CASE("an endpoint is an address without secrets") {
  const KeyOf key("abc");
  CHECK(Endpoint("http://127.0.0.1:80/v1//").url() == "http://127.0.0.1:80/v1");
  const auto refused = [](const std::string& url, const std::string& reason) {
    CAPTURE(url);
    CHECK_THROWS_MATCHES(Endpoint(url), Error, FailsWith(ExitCode::usage, "--endpoint", reason));
  };
  refused("", "expected an address such as");
  refused("127.0.0.1/v1", "expected an address such as");
  refused("ftp://host/v1", "expected an address such as");
  refused("http:///v1", "expected an address such as");
  refused("https://me:pw@host/v1", "an address with a user name or password");
  refused("https://host/v1?key=x", kApiKeyVariable);
  refused("https://host/a b", "without spaces");
  refused("https://host/v1/chat/completions", "what precedes /chat/completions");
}

TEST_CASE("the key is taken from the environment, and never shown") {
  {
    const KeyOf key(" s3cret \n");
    const Endpoint endpoint("https://host/v1");
    CHECK(endpoint.authorization() == "Authorization: Bearer s3cret");
    CHECK(endpoint.without_key("no s3cret here") == "no (key) here");
    CHECK_THAT(test::stderr_of([] { Endpoint("http://host/v1"); }), Catch::Contains("sent unencrypted"));
    CHECK_THAT(test::stderr_of([] { Endpoint("http://localhost/v1"); }), !Catch::Contains("unencrypted"));
  }
  const KeyOf key("two words");
  REQUIRE_THROWS_MATCHES(Endpoint("https://host/v1"), Error, FailsWith(ExitCode::usage, kApiKeyVariable, "spaces"));
  CHECK_THAT(test::stderr_of([] {
               const KeyOf none("");
               Endpoint("https://host/v1");
             }),
             Catch::Contains("is not set"));
}

TEST_CASE("turns come at the pace that is asked for") {
  using Clock = RequestPace::Clock;
  RequestPace pace(600);  // every 100 ms
  const Clock::time_point began = Clock::now();
  for (int i = 0; i < 3; ++i) pace.wait_for_turn();
  CHECK(Clock::now() - began >= 200ms);
  RequestPace free{std::nullopt};
  free.wait_for_turn();
  free.pause(150ms);
  const Clock::time_point paused = Clock::now();
  free.wait_for_turn();
  CHECK(Clock::now() - paused >= 149ms);
  free.pause(1h);
  request_stop();
  CHECK_THROWS_MATCHES(free.wait_for_turn(), Error, FailsWith(ExitCode::stopped, "stopped"));
  clear_stop_request();
}

/// Answers with the request's name, except that it fails for "bad".
class Echo : public DescriptionSource {
 public:
  std::string describe(const DescriptionRequest& request) override {
    if (request.name == "bad") refuse_here("a bad name");
    ++described;
    return request.name;
  }
  DescriptionOrigin origin(const DescriptionRequest&) const override { return {.source = "rule"}; }

  std::atomic<int> described = 0;
};

std::vector<DescriptionRequest> requests_for(const std::vector<std::string>& names) {
  std::vector<DescriptionRequest> requests;
  for (const std::string& name : names) requests.push_back({.name = name, .subject = name});
  return requests;
}

TEST_CASE("every text comes with its number, on one thread or several") {
  for (const std::int64_t parallel : {1, 3, 9}) {
    Echo echo;
    std::vector<std::string> taken(5);
    describe_all(echo, requests_for({"a", "b", "c", "d", "e"}), parallel,
                 [&](std::size_t i, const std::string& text) { taken[i] = text; });
    CHECK(taken == std::vector<std::string>{"a", "b", "c", "d", "e"});
  }
}

TEST_CASE("a refused text does not keep the others from being made") {
  Echo echo;
  std::vector<std::string> taken;
  const auto take = [&](std::size_t, const std::string& text) { taken.push_back(text); };
  CHECK_THROWS_MATCHES(describe_all(echo, requests_for({"a", "bad", "c", "bad", "e"}), 1, take), Error,
                       FailsWith(ExitCode::bad_data, "a bad name"));
  CHECK(taken == std::vector<std::string>{"a", "c", "e"});
}

TEST_CASE("ten refusals one after the other end it, any other failure at once") {
  Echo echo;
  std::vector<std::string> names(9, "bad");
  names.emplace_back("a");
  names.insert(names.end(), 10, "bad");
  names.emplace_back("b");
  std::vector<std::string> taken;
  const auto take = [&](std::size_t, const std::string& text) { taken.push_back(text); };
  CHECK_THROWS_AS(describe_all(echo, requests_for(names), 1, take), Error);
  CHECK(taken == std::vector<std::string>{"a"});

  const auto full = [](std::size_t, const std::string&) {
    fail(ExitCode::cannot_finish, {.where = "answers.jsonl", .found = "cannot write"});
  };
  CHECK_THROWS_MATCHES(describe_all(echo, requests_for({"bad", "a", "b"}), 1, full), Error,
                       FailsWith(ExitCode::cannot_finish, "cannot write"));
  CHECK(echo.described == 2);  // "a" before, and "a" again
}

TEST_CASE("answers are kept as they come") {
  const ScratchDirectory scratch;
  const fs::path file = scratch / "answers.jsonl";
  {
    ResponseCache cache(file);
    CHECK(cache.find("k") == nullptr);
    cache.put("k", "text\nwith \"marks\"");
    cache.put("l", "über");
  }
  const std::string bytes = test::read_text(file);
  test::write_text(file, bytes + "{\"key\": \"m\", \"text\": \"cut \xc3");  // killed within a character
  {
    ResponseCache cache(file);
    REQUIRE(cache.find("k") != nullptr);
    CHECK(*cache.find("k") == "text\nwith \"marks\"");
    CHECK(*cache.find("l") == "über");
    CHECK(cache.find("m") == nullptr);
    CHECK(test::read_text(file) == bytes);
  }
  test::write_text(file, bytes + "{\"key\": 3, \"text\": \"x\"}\n");
  CHECK_THROWS_MATCHES(ResponseCache(file), Error, FailsWith(ExitCode::bad_data, "answers.jsonl:3", "\"key\""));
}

}  // namespace
}  // namespace phatgoose
