#include "phatgoose/base/error.h"

#include "phatgoose/base/utf8.h"

namespace phatgoose {
namespace {

std::string one_line(const Fault& fault) {
  std::string text = fault.where + ": " + fault.found;
  if (!fault.expected.empty()) text += "; expected " + fault.expected;
  if (!fault.hint.empty()) text += " (" + fault.hint + ")";
  return printable(text);
}

}  // namespace

Error::Error(ExitCode code, const Fault& fault) : std::runtime_error(one_line(fault)), code_(code) {}

void fail(ExitCode code, const Fault& fault) { throw Error(code, fault); }

void refuse(const std::string& where, const std::string& found, const std::string& expected, const std::string& hint) {
  fail(ExitCode::bad_data, {.where = where, .found = found, .expected = expected, .hint = hint});
}

}  // namespace phatgoose
