#include "phatgoose/describe/http_client.h"

#include <curl/curl.h>

#include <cstdlib>

#include "phatgoose/base/error.h"
#include "phatgoose/base/signals.h"
#include "phatgoose/base/version.h"
#include "phatgoose/describe/stop_check.h"

namespace phatgoose {
namespace {

struct FreeList {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
using HeaderList = std::unique_ptr<curl_slist, FreeList>;

HeaderList header_list(const std::vector<std::string>& headers) {
  HeaderList list;
  for (const std::string& header : headers) {
    curl_slist* longer = curl_slist_append(list.get(), header.c_str());
    if (longer == nullptr) throw std::bad_alloc();
    (void)list.release();
    list.reset(longer);
  }
  return list;
}

std::size_t append_body(const char* data, std::size_t, std::size_t size, void* body) {
  auto& text = *static_cast<std::string*>(body);
  if (text.size() + size > HttpClient::kMaxBody) return 0;  // makes the transfer fail
  text.append(data, size);
  return size;
}

int stop_if_asked(void*, curl_off_t, curl_off_t, curl_off_t, curl_off_t) { return stop_requested() ? 1 : 0; }

bool may_pass(CURLcode code) {
  switch (code) {
    case CURLE_COULDNT_CONNECT:
    case CURLE_OPERATION_TIMEDOUT:
    case CURLE_GOT_NOTHING:
    case CURLE_PARTIAL_FILE:
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
    case CURLE_HTTP2:
    case CURLE_HTTP2_STREAM:
      return true;
    default:
      return false;
  }
}

void start_libcurl() {
  static const CURLcode code = curl_global_init(CURL_GLOBAL_DEFAULT);
  if (code != CURLE_OK) fail(ExitCode::cannot_finish, {.where = "libcurl", .found = curl_easy_strerror(code)});
}

}  // namespace

class HttpClient::Connection {
 public:
  Connection() : handle_(curl_easy_init()) {
    if (handle_ == nullptr) throw std::bad_alloc();
  }
  ~Connection() { curl_easy_cleanup(handle_); }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  std::variant<HttpAnswer, HttpFailure> post(const HttpRequest& request) {
    HttpAnswer answer;
    const HeaderList headers = header_list(request.headers);
    curl_easy_reset(handle_);
    set_rules(request.timeout);
    set(CURLOPT_URL, request.url.c_str());
    set(CURLOPT_HTTPHEADER, headers.get());
    set(CURLOPT_POSTFIELDS, request.body.c_str());
    set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
    set(CURLOPT_WRITEDATA, static_cast<void*>(&answer.body));
    reason_[0] = '\0';
    const CURLcode code = curl_easy_perform(handle_);
    if (code == CURLE_ABORTED_BY_CALLBACK) check_stop_request();
    if (code == CURLE_WRITE_ERROR) return HttpFailure{"an answer of more than 1 MiB"};
    if (code != CURLE_OK) return HttpFailure{reason_[0] != '\0' ? reason_ : curl_easy_strerror(code), may_pass(code)};
    curl_easy_getinfo(handle_, CURLINFO_RESPONSE_CODE, &answer.status);
    curl_off_t wait = 0;
    curl_easy_getinfo(handle_, CURLINFO_RETRY_AFTER, &wait);
    if (wait > 0) answer.retry_after = std::chrono::seconds(wait);
    return answer;
  }

 private:
  template <typename Value>
  void set(CURLoption option, Value value) {
    const CURLcode code = curl_easy_setopt(handle_, option, value);
    if (code != CURLE_OK) fail(ExitCode::cannot_finish, {.where = "libcurl", .found = curl_easy_strerror(code)});
  }

  void set_rules(std::chrono::milliseconds timeout) {
    const std::string agent = "phatgoose/" + std::string(version());
    set(CURLOPT_ERRORBUFFER, static_cast<char*>(reason_));
    set(CURLOPT_NOSIGNAL, 1L);
    set(CURLOPT_PROTOCOLS_STR, "http,https");
    set(CURLOPT_FOLLOWLOCATION, 0L);
    set(CURLOPT_USERAGENT, agent.c_str());
    set(CURLOPT_TIMEOUT_MS, static_cast<long>(timeout.count()));
    set(CURLOPT_WRITEFUNCTION, &append_body);
    set(CURLOPT_NOPROGRESS, 0L);
    set(CURLOPT_XFERINFOFUNCTION, &stop_if_asked);
    if (const char* certificates = std::getenv("SSL_CERT_FILE")) set(CURLOPT_CAINFO, certificates);
  }

  CURL* handle_;
  char reason_[CURL_ERROR_SIZE] = {};
};

HttpClient::HttpClient() { start_libcurl(); }
HttpClient::~HttpClient() = default;

std::unique_ptr<HttpClient::Connection> HttpClient::take() {
  const std::lock_guard lock(mutex_);
  if (idle_.empty()) return std::make_unique<Connection>();
  std::unique_ptr<Connection> connection = std::move(idle_.back());
  idle_.pop_back();
  return connection;
}

std::variant<HttpAnswer, HttpFailure> HttpClient::post(const HttpRequest& request) {
  check_stop_request();
  std::unique_ptr<Connection> connection = take();
  auto outcome = connection->post(request);
  const std::lock_guard lock(mutex_);
  idle_.push_back(std::move(connection));
  return outcome;
}

}  // namespace phatgoose
