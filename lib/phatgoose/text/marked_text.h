// Text whose salient spans are marked: "The keeper of the [[lion]] is [[Tom]]." For salient span masking (Guu et al.
// 2020, arXiv 2002.08909, section 3.4; Roberts et al. 2020, arXiv 2002.08910).
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace phatgoose {

struct MarkedText {
  std::string text;                                        ///< without the marks
  std::vector<std::pair<std::size_t, std::size_t>> spans;  ///< [begin, end) bytes of `text`, in order, none empty
};

/// Takes the marks out of a line. Marks that are not closed, nested or around nothing: bad_data.
MarkedText parse_marked(std::string_view line);

}  // namespace phatgoose
