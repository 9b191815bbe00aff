// Gzip files for tests.
#pragma once

#include <zlib.h>

#include <filesystem>
#include <stdexcept>
#include <string_view>

namespace phatgoose::test {

inline void write_gzip(const std::filesystem::path& path, std::string_view text) {
  const gzFile file = gzopen(path.c_str(), "wb");
  if (file == nullptr) throw std::runtime_error("cannot write " + path.string());
  const bool written = text.empty() || gzwrite(file, text.data(), static_cast<unsigned>(text.size())) > 0;
  if (gzclose(file) != Z_OK || !written) throw std::runtime_error("cannot write " + path.string());
}

}  // namespace phatgoose::test
