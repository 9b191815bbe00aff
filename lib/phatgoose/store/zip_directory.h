// The directory of a zip file whose entries are stored uncompressed, as torch.save writes them.
#pragma once

#include <cstddef>
#include <map>
#include <span>
#include <string>

namespace phatgoose {

/// Entry contents by name; spans into `file`. Zip64 is understood; compressed or encrypted entries, repeated names and
/// ranges outside the file are bad_data. Checksums are not verified.
std::map<std::string, std::span<const std::byte>> read_zip_directory(std::span<const std::byte> file);

}  // namespace phatgoose
