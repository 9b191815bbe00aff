// The pickle machine of Python's pickletools.py, without everything that would call into a program.
#include "phatgoose/store/pickle.h"

#include <algorithm>
#include <array>
#include <bit>
#include <map>
#include <optional>

#include "phatgoose/store/byte_reader.h"

namespace phatgoose {

using Kind = PickleNode::Kind;

const char* name_of(Kind kind) {
  // Indexed by Kind.
  constexpr std::array<const char*, 11> kNames = {
      "None",   "a truth value", "an integer",          "a number",  "a string", "a tuple",
      "a list", "a dictionary",  "a class or function", "an object", "a storage"};
  return kNames.at(static_cast<std::size_t>(kind));
}

class Unpickler {
 public:
  Unpickler(std::span<const std::byte> bytes, const std::set<std::string>& allowed, Pickle& pickle)
      : reader_(bytes), allowed_(allowed), pickle_(pickle) {}

  void run() {
    while (pickle_.root_ == nullptr) step(reader_.take_number<std::uint8_t>());
  }

 private:
  [[noreturn]] void refuse(const std::string& found) const {
    phatgoose::refuse("byte " + std::to_string(reader_.position()), found, "a state dictionary written by torch.save");
  }

  PickleNode* make(PickleNode node) { return &pickle_.nodes_.emplace_back(std::move(node)); }
  void push(PickleNode node) { stack_.push_back(make(std::move(node))); }
  void push_integer(std::int64_t value) { push({.kind = Kind::integer, .integer = value}); }

  PickleNode* top() {
    if (stack_.size() <= floor()) refuse("a pickle that takes more than it has put");
    return stack_.back();
  }
  PickleNode* pop() {
    PickleNode* node = top();
    stack_.pop_back();
    return node;
  }
  /// The part of the stack below the last mark may not be touched.
  std::size_t floor() const { return marks_.empty() ? 0 : marks_.back(); }

  /// Everything above the last mark, which goes too.
  std::vector<const PickleNode*> pop_to_mark() {
    if (marks_.empty()) refuse("a pickle without its mark");
    const auto first = stack_.begin() + static_cast<std::ptrdiff_t>(marks_.back());
    std::vector<const PickleNode*> items(first, stack_.end());
    stack_.erase(first, stack_.end());
    marks_.pop_back();
    return items;
  }

  void push_tuple(std::size_t size) {
    PickleNode tuple{.kind = Kind::tuple};
    for (std::size_t i = 0; i < size; ++i) tuple.items.push_back(pop());
    std::reverse(tuple.items.begin(), tuple.items.end());
    push(std::move(tuple));
  }

  void extend(Kind kind, const std::vector<const PickleNode*>& items) {
    PickleNode* container = top();
    if (container->kind != kind) refuse(std::string("items put into ") + name_of(container->kind));
    if (kind == Kind::dict && items.size() % 2 != 0) refuse("a dictionary key without a value");
    container->items.insert(container->items.end(), items.begin(), items.end());
  }

  std::string take_line() {
    std::string line;
    for (char c; (c = static_cast<char>(reader_.take_number<std::uint8_t>())) != '\n';) line += c;
    return line;
  }

  void push_global() {
    const std::string module = take_line();
    const std::string name = module + "." + take_line();
    if (!allowed_.contains(name)) refuse("the Python object " + name + ", which plain tensors do not need");
    push({.kind = Kind::global, .text = name});
  }

  /// LONG1: a little-endian two's complement integer of a given number of bytes.
  void push_long() {
    const auto size = reader_.take_number<std::uint8_t>();
    const auto bytes = reader_.take(size);
    if (size > sizeof(std::int64_t)) refuse("an integer of more than 64 bits");
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < size; ++i) value |= std::to_integer<std::uint64_t>(bytes[i]) << (8 * i);
    const bool negative = size > 0 && std::to_integer<int>(bytes[size - 1]) >= 0x80;
    if (negative && size < sizeof value) value |= ~std::uint64_t{0} << (8 * size);
    push_integer(static_cast<std::int64_t>(value));
  }

  void push_real() {
    std::uint64_t bits = 0;  // big-endian, the only such field
    for (const std::byte byte : reader_.take(sizeof bits)) bits = bits << 8 | std::to_integer<std::uint64_t>(byte);
    push({.kind = Kind::real, .real = std::bit_cast<double>(bits)});
  }

  void call() {
    const PickleNode* arguments = pop();
    const PickleNode* function = pop();
    if (function->kind != Kind::global || arguments->kind != Kind::tuple) refuse("a call of something unknown");
    if (function->text == "collections.OrderedDict" && arguments->items.empty()) {
      push({.kind = Kind::dict});
    } else {
      push({.kind = Kind::call, .items = {function, arguments}});
    }
  }

  void remember(std::uint32_t slot) { memo_[slot] = top(); }
  void recall(std::uint32_t slot) {
    const auto found = memo_.find(slot);
    if (found == memo_.end()) refuse("a reference to nothing");
    stack_.push_back(found->second);
  }

  void finish() {
    pickle_.root_ = pop();
    if (!stack_.empty() || !marks_.empty()) refuse("a pickle with objects left over");
  }

  /// One instruction; the last one sets the root.
  void step(unsigned char opcode);

  ByteReader reader_;
  const std::set<std::string>& allowed_;
  Pickle& pickle_;
  std::vector<PickleNode*> stack_;
  std::vector<std::size_t> marks_;  ///< sizes of the stack where marks were put
  std::map<std::uint32_t, PickleNode*> memo_;
};

void Unpickler::step(unsigned char opcode) {
  switch (opcode) {
    case 0x80:  // PROTO
      if (reader_.take_number<std::uint8_t>() != 2) refuse("a pickle that is not of protocol 2");
      return;
    case '.':
      return finish();
    case '(':
      return marks_.push_back(stack_.size());
    case 'N':
      return push({.kind = Kind::none});
    case 0x88:
      return push({.kind = Kind::boolean, .integer = 1});
    case 0x89:
      return push({.kind = Kind::boolean, .integer = 0});
    case 'K':
      return push_integer(reader_.take_number<std::uint8_t>());
    case 'M':
      return push_integer(reader_.take_number<std::uint16_t>());
    case 'J':
      return push_integer(reader_.take_number<std::int32_t>());
    case 0x8a:
      return push_long();
    case 'G':
      return push_real();
    case 'X':  // BINUNICODE
      return push({.kind = Kind::text, .text = std::string(reader_.take_text(reader_.take_number<std::uint32_t>()))});
    case ')':
      return push({.kind = Kind::tuple});
    case ']':
      return push({.kind = Kind::list});
    case '}':
      return push({.kind = Kind::dict});
    case 't':
      return push({.kind = Kind::tuple, .items = pop_to_mark()});
    case 0x85:
      return push_tuple(1);
    case 0x86:
      return push_tuple(2);
    case 0x87:
      return push_tuple(3);
    case 'a':
      return extend(Kind::list, {pop()});
    case 'e':
      return extend(Kind::list, pop_to_mark());
    case 's': {
      const PickleNode* value = pop();
      const PickleNode* key = pop();
      return extend(Kind::dict, {key, value});
    }
    case 'u':
      return extend(Kind::dict, pop_to_mark());
    case 'c':
      return push_global();
    case 'R':
      return call();
    case 'b':  // BUILD: attributes of a container (PyTorch's version notes), which carry no tensors
      pop();
      if (top()->kind != Kind::dict) refuse("attributes of something that is no dictionary");
      return;
    case 'Q':
      return push({.kind = Kind::persistent, .items = {pop()}});
    case 'q':
      return remember(reader_.take_number<std::uint8_t>());
    case 'r':
      return remember(reader_.take_number<std::uint32_t>());
    case 'h':
      return recall(reader_.take_number<std::uint8_t>());
    case 'j':
      return recall(reader_.take_number<std::uint32_t>());
    default:
      refuse("the pickle instruction " + std::to_string(opcode));
  }
}

Pickle::Pickle(std::span<const std::byte> bytes, const std::set<std::string>& allowed) {
  Unpickler(bytes, allowed, *this).run();
}

}  // namespace phatgoose
