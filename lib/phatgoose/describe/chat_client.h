// A language model behind an address that answers as OpenAI's /chat/completions does.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "phatgoose/base/json.h"
#include "phatgoose/describe/endpoint.h"
#include "phatgoose/describe/http_client.h"
#include "phatgoose/describe/request_pace.h"

namespace phatgoose {

struct ChatSettings {
  std::string endpoint;  ///< what precedes /chat/completions
  std::string model;     ///< its name there
  std::int64_t max_tokens = 200;
  double temperature = 0;
  double timeout = 60;                             ///< seconds for a request
  std::int64_t retries = 5;                        ///< after the first try
  std::optional<double> requests_per_minute = {};  ///< none: no limit
};

class ChatClient {
 public:
  /// Usage error for an address or a key that cannot be used.
  explicit ChatClient(ChatSettings settings);

  /// The model's answer to one message of the user, as it stands. May be called by several threads at once.
  ///
  /// Timeouts, connections that are refused or closed, and the states 408, 429 and 5xx are tried again: after 1, 2, 4
  /// ... seconds, 60 at most, or as long as the server asks for. What remains of them, and every other state: an Error
  /// with cannot_finish. An answer that is not what the interface says, is a web page, or was cut: bad_data. A stop
  /// signal: ExitCode::stopped. No message shows the key.
  std::string answer(const std::string& prompt);

 private:
  HttpAnswer post(const std::string& body);
  std::string body(const std::string& prompt) const;
  /// Waits before another try; an Error with `reason` where there is none left.
  void try_again(const std::string& reason, std::int64_t tries, std::optional<std::chrono::seconds> asked);
  [[noreturn]] void refuse_state(const HttpAnswer& answer) const;

  ChatSettings settings_;
  Endpoint endpoint_;
  RequestPace pace_;
  HttpClient http_;
};

}  // namespace phatgoose
