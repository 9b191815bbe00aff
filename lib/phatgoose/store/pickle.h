// A reader of Python pickles (protocol 2) that builds a description of what the pickle says and executes nothing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <set>
#include <span>
#include <string>
#include <vector>

namespace phatgoose {

/// One object of a pickle. Objects may be shared and may even contain themselves: never walk them without a bound.
struct PickleNode {
  enum class Kind {
    none,
    boolean,
    integer,
    real,
    text,
    tuple,       ///< items
    list,        ///< items
    dict,        ///< items: key, value, key, value, ...; collections.OrderedDict as well
    global,      ///< text: "module.name"
    call,        ///< items: what would be called, and the tuple of its arguments
    persistent,  ///< items: the persistent id
  };

  Kind kind = Kind::none;
  std::int64_t integer = 0;  ///< also of a boolean
  double real = 0;
  std::string text{};
  std::vector<const PickleNode*> items{};
};

const char* name_of(PickleNode::Kind kind);

class Pickle {
 public:
  /// Reads one whole pickle. Globals outside `allowed`, other opcodes than those of plain data, and malformed input are
  /// bad_data.
  Pickle(std::span<const std::byte> bytes, const std::set<std::string>& allowed);
  Pickle(const Pickle&) = delete;
  Pickle& operator=(const Pickle&) = delete;

  const PickleNode& root() const { return *root_; }

 private:
  friend class Unpickler;

  std::deque<PickleNode> nodes_;
  const PickleNode* root_ = nullptr;
};

}  // namespace phatgoose
