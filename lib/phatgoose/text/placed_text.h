// A text that was made from another one, with the way back.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace phatgoose {

/// The bytes [begin, end) of a text.
struct Place {
  std::size_t begin, end;
};

struct PlacedText {
  std::string bytes;
  std::vector<Place> places;  ///< for every byte, what of the original it stands for

  void append(std::string_view text, Place place) {
    bytes += text;
    places.resize(bytes.size(), place);
  }
  void append(const PlacedText& other, std::size_t begin, std::size_t end) {
    bytes.append(other.bytes, begin, end - begin);
    places.insert(places.end(), other.places.begin() + static_cast<std::ptrdiff_t>(begin),
                  other.places.begin() + static_cast<std::ptrdiff_t>(end));
  }
  PlacedText part(std::size_t begin, std::size_t end) const {
    PlacedText result;
    result.append(*this, begin, end);
    return result;
  }
};

}  // namespace phatgoose
