// HTTP over libcurl: one request, one answer, no matter what the other side does.
#pragma once

#include <chrono>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace phatgoose {

struct HttpRequest {
  std::string url;
  std::vector<std::string> headers = {};  ///< "Name: value"
  std::string body = {};
  std::chrono::milliseconds timeout{60'000};  ///< for all of it
};

struct HttpAnswer {
  long status = 0;
  std::string body = {};
  std::optional<std::chrono::seconds> retry_after = {};  ///< where the server asks to wait
};

/// No answer, or none that was complete.
struct HttpFailure {
  std::string reason;
  bool may_pass = false;  ///< whether another try may help: a timeout, a connection that was refused or closed
};

class HttpClient {
 public:
  HttpClient();
  ~HttpClient();
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  /// Sends a POST over http or https, whose certificates are checked (those in the file SSL_CERT_FILE, where that is
  /// set, else the system's). Redirections are not followed. The body of the answer is read up to kMaxBody. May be
  /// called by several threads at once; connections stay open for the next request. A stop signal ends it:
  /// ExitCode::stopped.
  std::variant<HttpAnswer, HttpFailure> post(const HttpRequest& request);

  static constexpr std::size_t kMaxBody = std::size_t{1} << 20;

 private:
  class Connection;

  std::unique_ptr<Connection> take();

  std::mutex mutex_;
  std::vector<std::unique_ptr<Connection>> idle_;
};

}  // namespace phatgoose
