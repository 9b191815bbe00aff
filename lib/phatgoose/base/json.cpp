#include "phatgoose/base/json.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <unordered_set>

#include "phatgoose/base/error.h"
#include "phatgoose/base/text_file.h"
#include "phatgoose/base/utf8.h"

template class nlohmann::basic_json<nlohmann::ordered_map>;

namespace phatgoose {
namespace {

constexpr std::size_t kMaximumDepth = 256;

/// Walks over the text for the parser and tells `position` how far it has come, so that an error can name its place.
class TrackingIterator {
 public:
  using iterator_category = std::input_iterator_tag;
  using value_type = char;
  using difference_type = std::ptrdiff_t;
  using pointer = const char*;
  using reference = const char&;

  TrackingIterator(const char* at, const char** position) : at_(at), position_(position) {}
  reference operator*() const { return *at_; }
  TrackingIterator& operator++() {
    *position_ = ++at_;
    return *this;
  }
  TrackingIterator operator++(int) {
    TrackingIterator before = *this;
    ++*this;
    return before;
  }
  bool operator==(const TrackingIterator& other) const { return at_ == other.at_; }

 private:
  const char* at_;
  const char** position_;
};

/// What the parser says of a syntax error, without its own name, its place and a copy of the text:
/// "[json.exception.parse_error.101] parse error at line 1, column 2: syntax error while parsing value - WHAT; last
/// read: 'TEXT'; expected '}'" -> "invalid JSON: WHAT; expected '}'".
std::string plain_message(std::string what) {
  const auto cut_before = [&what](std::string_view mark) {
    if (const auto at = what.find(mark); at != std::string::npos) what.erase(0, at + mark.size());
  };
  cut_before(", column ");
  cut_before(": ");
  if (what.starts_with("syntax error")) cut_before(" - ");
  if (const auto text = what.find("; last read: '"); text != std::string::npos) {
    const auto expected = what.rfind("'; expected ");
    what.erase(text, expected == std::string::npos ? expected : expected + 1 - text);
  }
  return "invalid JSON: " + what;
}

/// Builds the document from parse events; refuses what a plain parse lets pass.
class DocumentBuilder : public nlohmann::json_sax<Json> {
 public:
  DocumentBuilder(std::string_view text, bool one_line) : text_(text), one_line_(one_line) {}

  Json document;
  const char* position = nullptr;

  bool null() override { return put(nullptr); }
  bool boolean(bool value) override { return put(value); }
  bool number_integer(number_integer_t value) override { return put(value); }
  bool number_unsigned(number_unsigned_t value) override { return put(value); }
  bool number_float(number_float_t value, const string_t&) override { return put(value); }
  bool string(string_t& value) override { return put(std::move(value)); }
  bool binary(binary_t&) override { return false; }  // JSON text holds none
  bool start_object(std::size_t) override { return open(Json::object()); }
  bool end_object() override { return close(); }
  bool start_array(std::size_t) override { return open(Json::array()); }
  bool end_array() override { return close(); }

  bool key(string_t& name) override {
    if (!open_.back().is_new(name)) refuse(here(), "duplicate key \"" + name + "\"", "every key once");
    member_ = &open_.back().value->get_ref<Json::object_t&>().emplace_back(name, nullptr).second;
    return true;
  }

  bool parse_error(std::size_t offset, const std::string&, const Json::exception& error) override {
    refuse(offset == 0 ? 0 : offset - 1, plain_message(error.what()), "");
    return false;
  }

 private:
  /// A container that is being filled.
  struct Open {
    Json* value;
    std::unordered_set<std::string> names{};  ///< of an object's members, once they are many

    /// Members lie in a list; beyond a few, walking it for each of them would take too long (a vocabulary has 30,000).
    bool is_new(const std::string& name) {
      constexpr std::size_t kFew = 32;
      const auto& members = value->get_ref<const Json::object_t&>();
      if (members.size() < kFew) return members.find(name) == members.end();
      if (names.empty())
        for (const auto& [member, ignored] : members) names.insert(member);
      return names.insert(name).second;
    }
  };

  std::size_t here() const { return position == nullptr ? 0 : static_cast<std::size_t>(position - text_.data()) - 1; }

  [[noreturn]] void refuse(std::size_t offset, const std::string& found, const std::string& expected) const {
    const std::string_view before = text_.substr(0, std::min(offset, text_.size()));
    const auto line = 1 + std::count(before.begin(), before.end(), '\n');
    const auto line_start = before.rfind('\n') == std::string_view::npos ? 0 : before.rfind('\n') + 1;
    phatgoose::refuse(
        fmt::format("{}column {}", one_line_ ? "" : fmt::format(":{}: ", line), before.size() - line_start + 1), found,
        expected);
  }

  Json* place(Json value) {
    if (open_.empty()) {
      document = std::move(value);
      return &document;
    }
    Json& container = *open_.back().value;
    if (container.is_array()) {
      container.push_back(std::move(value));
      return &container.back();
    }
    *member_ = std::move(value);
    return member_;
  }

  bool put(Json value) {
    place(std::move(value));
    return true;
  }

  bool open(Json container) {
    if (open_.size() == kMaximumDepth) {
      refuse(here(), "nesting too deep", "at most " + std::to_string(kMaximumDepth) + " levels");
    }
    open_.push_back({place(std::move(container))});
    return true;
  }

  bool close() {
    open_.pop_back();
    return true;
  }

  std::string_view text_;
  bool one_line_;
  std::vector<Open> open_;  ///< outermost first
  Json* member_ = nullptr;  ///< where the value of the key just read goes
};

Json parse(std::string_view text, bool one_line) {
  DocumentBuilder builder(text, one_line);
  Json::sax_parse(TrackingIterator(text.data(), &builder.position),
                  TrackingIterator(text.data() + text.size(), &builder.position), &builder);
  return std::move(builder.document);
}

}  // namespace

Json parse_json(std::string_view text) { return parse(text, /*one_line=*/false); }

Json parse_json_line(std::string_view line) { return parse(line, /*one_line=*/true); }

Json read_json(const std::string& path) {
  const std::string text = read_text(path);
  return in(path, [&] { return parse_json(text); });
}

std::string json_text(const Json& value, int indent) {
  const std::string raw = value.dump(indent, ' ', false, Json::error_handler_t::replace);
  std::string text;
  for (std::string_view rest = raw; !rest.empty();) {
    const CodePoint point = first_code_point(rest);
    // Below DEL the dump has escaped what stands in a string; the rest is its own layout.
    const bool escaped = point.value >= 0x7F && acts_on_terminals(*point.value);
    text += escaped ? fmt::format("\\u{:04x}", static_cast<std::uint32_t>(*point.value))
                    : std::string(rest.substr(0, point.bytes));
    rest.remove_prefix(point.bytes);
  }
  return text;
}

namespace detail {

const Json* json_find(const Json& object, const std::string& key) {
  if (!object.is_object()) {
    refuse_here(std::string("a JSON ") + object.type_name(), "an object with \"" + key + "\"");
  }
  const auto member = object.find(key);
  return member == object.end() ? nullptr : &*member;
}

void json_missing(const std::string& key, const std::string& expected) { refuse_here("no \"" + key + "\"", expected); }

void json_mistyped(const Json& value, const std::string& key, const std::string& expected) {
  constexpr std::size_t kShown = 60;
  std::string shown = value.dump(-1, ' ', false, Json::error_handler_t::replace);
  if (shown.size() > kShown) shown = shown.substr(0, kShown) + "...";
  refuse_here("\"" + key + "\" is " + shown, expected);
}

}  // namespace detail
std::int64_t json_size(const Json& object, const std::string& key) {
  constexpr std::int64_t kMaxSize = 1 << 30;
  const auto size = json_get<std::int64_t>(object, key);
  if (size < 1 || size > kMaxSize) refuse_here(fmt::format("{} {}", key, size), "1 to 2^30");
  return size;
}

double json_positive_or(const Json& object, const std::string& key, double fallback) {
  const auto number = json_get_or<double>(object, key, fallback);
  if (!(number > 0 && std::isfinite(number))) refuse_here(key + " " + std::to_string(number), "a positive number");
  return number;
}

}  // namespace phatgoose
