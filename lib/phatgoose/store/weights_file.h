// What a failed download leaves in the place of a file of weights.
#pragma once

#include "phatgoose/base/files.h"

namespace phatgoose {

constexpr const char* kDownloadAgain = "the download is not complete: get the file again";

/// Refuses (bad_data) an empty file, and one of text: the page or the message that a server answered with. No format of
/// weights begins with eight printable characters.
void refuse_failed_download(const MappedFile& file);

}  // namespace phatgoose
