// The address of a language model's server, and the key to it.
#pragma once

#include <string>

namespace phatgoose {

/// The environment variable that has the key: the only place that it is taken from.
constexpr const char* kApiKeyVariable = "PHATGOOSE_API_KEY";

class Endpoint {
 public:
  /// `url`: what precedes /chat/completions. Another scheme than http and https, a password or a query in it, and a key
  /// of characters that no header may have: usage error, which does not show them. Says whether there is a key, and
  /// warns of one that goes out unencrypted.
  explicit Endpoint(const std::string& url);

  /// Without slash at its end, and without anything secret.
  const std::string& url() const { return url_; }
  bool has_key() const { return !key_.empty(); }
  /// "Authorization: Bearer KEY"; only where there is a key.
  std::string authorization() const;
  /// The text with the key replaced wherever a server repeats it: for messages.
  std::string without_key(std::string text) const;

 private:
  std::string url_, key_;
};

}  // namespace phatgoose
