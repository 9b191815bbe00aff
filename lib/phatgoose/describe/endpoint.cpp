#include "phatgoose/describe/endpoint.h"

#include <algorithm>
#include <cstdlib>

#include "phatgoose/base/error.h"
#include "phatgoose/base/log.h"
#include "phatgoose/base/utf8.h"
#include "phatgoose/text/unicode.h"

namespace phatgoose {
namespace {

constexpr const char* kEndpointOption = "--endpoint";
constexpr const char* kAddressForm = "an address such as http://127.0.0.1:8080/v1";

/// Between "//" and the next slash.
std::string host_of(const std::string& url) {
  const std::size_t begin = url.find("//") + 2;
  return url.substr(begin, url.find('/', begin) - begin);
}

bool is_this_machine(const std::string& host) {
  return host.starts_with("127.") || host.starts_with("localhost") || host.starts_with("[::1]");
}

std::string checked_url(std::string url) {
  const std::string scheme = ascii_lower_case(url.substr(0, url.find("//")));
  if ((scheme != "http:" && scheme != "https:") || host_of(url).empty()) {
    refuse_usage(kEndpointOption, "\"" + url + "\"", kAddressForm);
  }
  const auto secret = std::string("a key belongs in the environment variable ") + kApiKeyVariable;
  if (host_of(url).find('@') != std::string::npos) {
    refuse_usage(kEndpointOption, "an address with a user name or password", kAddressForm, secret);
  }
  if (url.find_first_of("?#") != std::string::npos) {
    refuse_usage(kEndpointOption, "an address with a query or fragment", kAddressForm, secret);
  }
  if (!std::ranges::all_of(url, [](unsigned char c) { return c > 0x20 && c < 0x7F; })) {
    refuse_usage(kEndpointOption, "\"" + url + "\"", "an address without spaces, in ASCII");
  }
  while (url.ends_with('/')) url.pop_back();
  if (url.ends_with("/chat/completions")) {
    refuse_usage(kEndpointOption, "\"" + url + "\"", "what precedes /chat/completions");
  }
  return url;
}

std::string key_of_environment() {
  const char* variable = std::getenv(kApiKeyVariable);
  if (variable == nullptr) return {};
  const std::string key = strip(variable);
  if (std::ranges::all_of(key, [](unsigned char c) { return c > 0x20 && c < 0x7F; })) return key;
  refuse_usage(kApiKeyVariable, "a key with spaces or characters that are not ASCII", "one that a header may have");
}

}  // namespace

Endpoint::Endpoint(const std::string& url) : url_(checked_url(url)), key_(key_of_environment()) {
  log_info(url_ + (has_key() ? std::string(", with the key in ") + kApiKeyVariable
                             : std::string(", without a key: ") + kApiKeyVariable + " is not set"));
  if (has_key() && ascii_lower_case(url_.substr(0, 5)) == "http:" && !is_this_machine(host_of(url_))) {
    log_warning(url_ + ": the key is sent unencrypted; https would protect it");
  }
}

std::string Endpoint::authorization() const { return "Authorization: Bearer " + key_; }

std::string Endpoint::without_key(std::string text) const {
  if (has_key()) replace_all(text, key_, "(key)");
  return text;
}

}  // namespace phatgoose
