#include "phatgoose/describe/response_cache.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include "phatgoose/base/error.h"
#include "phatgoose/base/json.h"

namespace phatgoose {
namespace {

/// The whole lines of a file; what follows the last of them is taken off.
std::string whole_lines(const fs::path& path) {
  if (!is_file(path)) return {};
  std::string content = read_file(path);
  const std::size_t end = content.rfind('\n');
  content.resize(end == std::string::npos ? 0 : end + 1);
  if (content.size() < fs::file_size(path)) fs::resize_file(path, content.size());
  return content;
}

void append(const fs::path& path, const std::string& line) {
  const int descriptor = ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
  if (descriptor < 0) fail_io(path, "write");
  const ssize_t written = ::write(descriptor, line.data(), line.size());
  const int error = errno;
  const bool failed = ::close(descriptor) != 0 || written != std::ssize(line);
  if (failed) fail_io(path, "write", ExitCode::cannot_finish, written < 0 ? error : ENOSPC);
}

}  // namespace

ResponseCache::ResponseCache(fs::path path) : path_(std::move(path)) {
  const std::string content = whole_lines(path_);
  std::int64_t number = 0;
  for (std::size_t begin = 0; begin < content.size();) {
    const std::size_t end = content.find('\n', begin);
    in(fmt::format("{}:{}", path_.string(), ++number), [&] {
      const Json line = parse_json_line(std::string_view(content).substr(begin, end - begin));
      texts_[json_get<std::string>(line, "key")] = json_get<std::string>(line, "text");
    });
    begin = end + 1;
  }
}

const std::string* ResponseCache::find(const std::string& key) const {
  const auto found = texts_.find(key);
  return found == texts_.end() ? nullptr : &found->second;
}

void ResponseCache::put(const std::string& key, const std::string& text) {
  append(path_, Json{{"key", key}, {"text", text}}.dump() + "\n");
  texts_[key] = text;
}

}  // namespace phatgoose
