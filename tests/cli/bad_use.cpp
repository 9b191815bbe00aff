#include "cli/bad_use.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <sstream>

#include "cli/program.h"
#include "support/scratch_directory.h"

namespace phatgoose::test {
namespace {

std::string with_directory(std::string text, const std::filesystem::path& directory) {
  for (std::size_t at = 0; (at = text.find("DIR/", at)) != std::string::npos;) {
    text.replace(at, 3, directory.string());
    at += directory.string().size();
  }
  return text;
}

/// Every entry below a directory with its content.
std::vector<std::pair<std::string, std::string>> snapshot(const std::filesystem::path& directory) {
  std::vector<std::pair<std::string, std::string>> entries;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(directory)) {
    entries.emplace_back(entry.path().string(), entry.is_regular_file() ? read_text(entry.path()) : "");
  }
  std::sort(entries.begin(), entries.end());
  return entries;
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

void check_error_line(const std::string& text, const std::vector<std::string>& says) {
  const std::vector<std::string> lines = lines_of(text);
  REQUIRE_FALSE(lines.empty());
  CHECK_THAT(lines.back(), Catch::StartsWith("phatgoose") && Catch::Contains(": error: "));
  for (const std::string& words : says) CHECK_THAT(lines.back(), Catch::Contains(words));
  const bool only_log = std::all_of(lines.begin(), lines.end() - 1, [](const std::string& line) {
    return line.starts_with("[") || line.starts_with("warning: ");
  });
  CHECK(only_log);
}

}  // namespace

void check_bad_use(const std::filesystem::path& directory, const std::vector<BadUse>& rows) {
  const auto before = snapshot(directory);
  for (const BadUse& row : rows) {
    const Outcome outcome = phatgoose_line(with_directory(row.arguments, directory), row.input);
    INFO("phatgoose " << row.arguments << "\n" << outcome.err);
    CHECK(outcome.code == row.code);
    CHECK(outcome.out.empty());
    check_error_line(outcome.err, row.says);
    CHECK(snapshot(directory) == before);
  }
}

}  // namespace phatgoose::test
