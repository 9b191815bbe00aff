// The pickle machine of Python's pickletools.py, without everything that would call into a program.
#include "phatgoose/store/pickle.h"

#include <algorithm>
#include <bit>
#include <map>
#include <optional>

#include "phatgoose/store/byte_reader.h"

namespace phatgoose {

using Kind = PickleNode::Kind;

const char* name_of(Kind kind) {
  switch (kind) {
    case Kind::none:
      return "None";
    case Kind::boolean:
      return "a truth value";
    case Kind::integer:
      return "an integer";
    case Kind::real:
      return "a number";
    case Kind::text:
      return "a string";
    case Kind::tuple:
      return "a tuple";
    case Kind::list:
      return "a list";
    case Kind::dict:
      return "a dictionary";
    case Kind::global:
      return "a class or function";
    case Kind::call:
      return "an object";
    case Kind::persistent:
      return "a storage";
  }
  return "an unknown object";
}

class Unpickler {
 public:
  Unpickler(std::span<const std::byte> bytes, const std::set<std::string>& allowed, Pickle& pickle)
      : reader_(bytes), allowed_(allowed), pickle_(pickle) {}

  void run() {
    while (step(static_cast<unsigned char>(reader_.take_number<std::uint8_t>()))) {
    }
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

  bool finish() {
    pickle_.root_ = pop();
    if (!stack_.empty() || !marks_.empty()) refuse("a pickle with objects left over");
    return false;
  }

  /// One instruction; false after the last.
  bool step(unsigned char opcode);

  ByteReader reader_;
  const std::set<std::string>& allowed_;
  Pickle& pickle_;
  std::vector<PickleNode*> stack_;
  std::vector<std::size_t> marks_;  ///< sizes of the stack where marks were put
  std::map<std::uint32_t, PickleNode*> memo_;
};

bool Unpickler::step(unsigned char opcode) {
  switch (opcode) {
    case 0x80:  // PROTO
      if (reader_.take_number<std::uint8_t>() != 2) refuse("a pickle that is not of protocol 2");
      return true;
    case '.':
      return finish();
    case '(':
      marks_.push_back(stack_.size());
      return true;
    case 'N':
      push({.kind = Kind::none});
      return true;
    case 0x88:
      push({.kind = Kind::boolean, .integer = 1});
      return true;
    case 0x89:
      push({.kind = Kind::boolean, .integer = 0});
      return true;
    case 'K':
      push_integer(reader_.take_number<std::uint8_t>());
      return true;
    case 'M':
      push_integer(reader_.take_number<std::uint16_t>());
      return true;
    case 'J':
      push_integer(reader_.take_number<std::int32_t>());
      return true;
    case 0x8a:
      push_long();
      return true;
    case 'G':
      push_real();
      return true;
    case 'X':  // BINUNICODE
      push({.kind = Kind::text, .text = std::string(reader_.take_text(reader_.take_number<std::uint32_t>()))});
      return true;
    case ')':
      push({.kind = Kind::tuple});
      return true;
    case ']':
      push({.kind = Kind::list});
      return true;
    case '}':
      push({.kind = Kind::dict});
      return true;
    case 't':
      push({.kind = Kind::tuple, .items = pop_to_mark()});
      return true;
    case 0x85:
      push_tuple(1);
      return true;
    case 0x86:
      push_tuple(2);
      return true;
    case 0x87:
      push_tuple(3);
      return true;
    case 'a': {
      const PickleNode* item = pop();
      extend(Kind::list, {item});
      return true;
    }
    case 'e':
      extend(Kind::list, pop_to_mark());
      return true;
    case 's': {
      const PickleNode* value = pop();
      const PickleNode* key = pop();
      extend(Kind::dict, {key, value});
      return true;
    }
    case 'u':
      extend(Kind::dict, pop_to_mark());
      return true;
    case 'c':
      push_global();
      return true;
    case 'R':
      call();
      return true;
    case 'b':  // BUILD: attributes of a container (PyTorch's version notes), which carry no tensors
      pop();
      if (top()->kind != Kind::dict) refuse("attributes of something that is no dictionary");
      return true;
    case 'Q': {
      const PickleNode* id = pop();
      push({.kind = Kind::persistent, .items = {id}});
      return true;
    }
    case 'q':
      remember(reader_.take_number<std::uint8_t>());
      return true;
    case 'r':
      remember(reader_.take_number<std::uint32_t>());
      return true;
    case 'h':
      recall(reader_.take_number<std::uint8_t>());
      return true;
    case 'j':
      recall(reader_.take_number<std::uint32_t>());
      return true;
    default:
      refuse("the pickle instruction " + std::to_string(opcode));
  }
}

Pickle::Pickle(std::span<const std::byte> bytes, const std::set<std::string>& allowed) {
  Unpickler(bytes, allowed, *this).run();
}

}  // namespace phatgoose
