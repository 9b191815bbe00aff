#include "phatgoose/describe/chat_client.h"

#include <fmt/format.h>

#include <algorithm>

#include "phatgoose/base/log.h"
#include "phatgoose/base/utf8.h"
#include "phatgoose/describe/description_text.h"
#include "phatgoose/text/unicode.h"

namespace phatgoose {
namespace {

constexpr std::chrono::seconds kLongestBackoff{60};
constexpr std::chrono::seconds kLongestWait{600};  // that a server may ask for
constexpr std::size_t kShownOfBody = 200;          // characters, in messages

bool may_change(long status) { return status == 408 || status == 429 || (status >= 500 && status <= 599); }

std::chrono::seconds backoff(std::int64_t tries) {
  return tries > 6 ? kLongestBackoff : std::min(kLongestBackoff, std::chrono::seconds(std::int64_t{1} << (tries - 1)));
}

/// What servers say of an error: {"error": {"message": TEXT}}, {"error": TEXT} or {"message": TEXT}; else empty.
std::string error_message(const Json& body) {
  if (!body.is_object()) return {};
  const auto message = [](const Json& from) { return from.is_object() ? from.value("message", Json()) : Json(); };
  const Json error = body.value("error", Json());
  for (const Json& text : {message(error), error, message(body)}) {
    if (text.is_string()) return text.get<std::string>();
  }
  return {};
}

/// A body that is no answer, as a message shows it.
std::string told(const std::string& body) {
  if (strip(body).empty()) return "nothing";
  if (is_web_page(body)) return "a web page";
  const Json json = Json::parse(body, nullptr, /*allow_exceptions=*/false);
  const std::string message = json.is_discarded() ? "" : error_message(json);
  const std::u32string text = decode_utf8(strip(message.empty() ? body : message));
  return "\"" + encode_utf8(std::u32string_view(text).substr(0, kShownOfBody)) +
         (text.size() > kShownOfBody ? "...\"" : "\"");
}

/// The text of the first choice.
std::string content_of(const std::string& body) {
  const std::string form = "choices[0].message.content, as of /chat/completions";
  const Json json = Json::parse(body, nullptr, /*allow_exceptions=*/false);
  if (json.is_discarded()) refuse_here(told(body), "JSON with " + form);
  if (!error_message(json).empty()) refuse_here("the error " + told(body), form);
  const Json* choices = json.is_object() && json.contains("choices") ? &json["choices"] : nullptr;
  if (choices == nullptr || !choices->is_array() || choices->empty() || !choices->front().is_object()) {
    refuse_here("JSON without choices: " + told(body), form);
  }
  const Json& choice = choices->front();
  const Json message = choice.value("message", Json());
  const Json content = message.is_object() ? message.value("content", Json()) : Json();
  if (!content.is_string()) refuse_here("a choice without text: " + told(body), form);
  if (choice.value("finish_reason", Json()) == "length") {
    refuse_here("an answer that was cut", "a whole one",
                "--max-tokens allows for more; with --temperature above 0 another try may be shorter");
  }
  return content.get<std::string>();
}

}  // namespace

ChatClient::ChatClient(ChatSettings settings)
    : settings_(std::move(settings)), endpoint_(settings_.endpoint), pace_(settings_.requests_per_minute) {}

std::string ChatClient::answer(const std::string& prompt) {
  const HttpAnswer answer = post(body(prompt));
  // What the server sends is only known to be bytes: a message may repeat any of it.
  return in(endpoint_.url(), [&] { return content_of(endpoint_.without_key(answer.body)); });
}

std::string ChatClient::body(const std::string& prompt) const {
  Json request{{"model", settings_.model}};
  request["messages"] = Json::array({Json{{"role", "user"}, {"content", prompt}}});
  request["max_tokens"] = settings_.max_tokens;
  request["temperature"] = settings_.temperature;
  request["stream"] = false;
  return request.dump(-1, ' ', false, Json::error_handler_t::replace);
}

HttpAnswer ChatClient::post(const std::string& body) {
  HttpRequest request{.url = endpoint_.url() + "/chat/completions",
                      .headers = {"Content-Type: application/json", "Accept: application/json", "Expect:"},
                      .body = body,
                      .timeout = std::chrono::milliseconds(static_cast<std::int64_t>(settings_.timeout * 1000))};
  if (endpoint_.has_key()) request.headers.push_back(endpoint_.authorization());
  for (std::int64_t tries = 1;; ++tries) {
    pace_.wait_for_turn();
    const auto outcome = http_.post(request);
    if (const auto* failure = std::get_if<HttpFailure>(&outcome)) {
      if (!failure->may_pass) fail(ExitCode::cannot_finish, {.where = endpoint_.url(), .found = failure->reason});
      try_again(failure->reason, tries, {});
      continue;
    }
    const auto& answer = std::get<HttpAnswer>(outcome);
    if (answer.status == 200) return answer;
    if (!may_change(answer.status)) refuse_state(answer);
    try_again(fmt::format("HTTP {}: {}", answer.status, endpoint_.without_key(told(answer.body))), tries,
              answer.retry_after);
  }
}

void ChatClient::try_again(const std::string& reason, std::int64_t tries, std::optional<std::chrono::seconds> asked) {
  const std::chrono::seconds wait = asked.value_or(backoff(tries));
  const bool too_long = wait > kLongestWait;
  if (tries > settings_.retries || too_long) {
    const std::string after = too_long ? fmt::format("the server asks to wait for {} s", wait.count())
                                       : fmt::format("{} {}", tries, tries == 1 ? "try" : "tries");
    fail(ExitCode::cannot_finish, {.where = endpoint_.url(),
                                   .found = fmt::format("{} ({})", reason, after),
                                   .hint = "run the same command again later: what was answered is kept"});
  }
  log_info(fmt::format("{}: {}; again in {} s ({} of {})", endpoint_.url(), printable(reason), wait.count(), tries,
                       settings_.retries));
  pace_.pause(wait);
}

void ChatClient::refuse_state(const HttpAnswer& answer) const {
  std::string hint;
  if (answer.status == 401 || answer.status == 403) {
    hint = std::string(endpoint_.has_key() ? "is this the right key: " : "set the key: ") + kApiKeyVariable;
  } else if (answer.status == 404) {
    hint = "is --llm a model of this server, and --endpoint what precedes /chat/completions, such as .../v1?";
  } else if (answer.status >= 300 && answer.status < 400) {
    hint = "redirections are not followed: give the address that it leads to";
  }
  fail(ExitCode::cannot_finish,
       {.where = endpoint_.url(),
        .found = fmt::format("HTTP {}: {}", answer.status, endpoint_.without_key(told(answer.body))),
        .hint = hint});
}

}  // namespace phatgoose
