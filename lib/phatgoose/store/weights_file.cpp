#include "phatgoose/store/weights_file.h"

#include <algorithm>
#include <string_view>

#include "phatgoose/base/error.h"

namespace phatgoose {
namespace {

constexpr std::size_t kTellingBytes = 8;
constexpr std::size_t kShownBytes = 40;

bool is_printable(char byte) { return byte >= ' ' && byte <= '~'; }
bool is_printable_or_space(char byte) { return is_printable(byte) || byte == '\n' || byte == '\r' || byte == '\t'; }

}  // namespace

void refuse_failed_download(const MappedFile& file) {
  const std::string_view text(reinterpret_cast<const char*>(file.bytes().data()), file.bytes().size());
  if (text.empty()) {
    refuse(file.path(), "an empty file", "weights", kDownloadAgain);
  }
  const std::string_view start = text.substr(0, kTellingBytes);
  if (start.size() < kTellingBytes || !std::all_of(start.begin(), start.end(), is_printable_or_space)) return;
  const std::string_view line = text.substr(std::min(text.find_first_not_of(" \t\r\n"), text.size()), kShownBytes);
  const std::string shown(line.begin(), std::find_if_not(line.begin(), line.end(), is_printable));
  refuse(file.path(), "text that begins with \"" + shown + "\"", "weights",
         "this is a server's error page instead of the file: download it again");
}

}  // namespace phatgoose
