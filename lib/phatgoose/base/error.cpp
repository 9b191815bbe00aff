#include "phatgoose/base/error.h"

#include <cstring>

#include "phatgoose/base/utf8.h"

namespace phatgoose {
namespace {

std::string one_line(const Fault& fault) {
  std::string text = fault.where + (fault.where.empty() ? "" : ": ") + fault.found;
  if (!fault.expected.empty()) text += "; expected " + fault.expected;
  if (!fault.hint.empty()) text += " (" + fault.hint + ")";
  return printable(text);
}

}  // namespace

Error::Error(ExitCode code, Fault fault) : code_(code), fault_(std::move(fault)), line_(one_line(fault_)) {}

void Error::put_in(const std::string& place) {
  if (place.empty()) return;
  const bool goes_on = fault_.where.empty() || fault_.where.front() == ':';
  fault_.where = place + (goes_on ? "" : ": ") + fault_.where;
  line_ = one_line(fault_);
}

void fail(ExitCode code, Fault fault) { throw Error(code, std::move(fault)); }

void refuse(const std::string& where, const std::string& found, const std::string& expected, const std::string& hint) {
  fail(ExitCode::bad_data, {.where = where, .found = found, .expected = expected, .hint = hint});
}

void refuse_here(const std::string& found, const std::string& expected, const std::string& hint) {
  refuse({}, found, expected, hint);
}

void refuse_usage(const std::string& where, const std::string& found, const std::string& expected,
                  const std::string& hint) {
  fail(ExitCode::usage, {.where = where, .found = found, .expected = expected, .hint = hint});
}

void fail_io(const std::string& path, const std::string& action, ExitCode code, int error) {
  fail(code, {.where = path, .found = "cannot " + action + ": " + std::strerror(error)});
}

}  // namespace phatgoose
