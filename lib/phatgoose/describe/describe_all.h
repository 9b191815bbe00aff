// Many descriptions, several at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "phatgoose/describe/text_source.h"

namespace phatgoose {

/// Has `source` describe every request, `parallel` of them at a time, and hands over each text as it comes, with the
/// number of its request; one call at a time. A text that is refused (bad_data) does not keep the others from being
/// made: the first refusal is thrown at the end, further ones are warnings; ten one after the other end it, and so does
/// any other Error, of the source or of `take`, once those under way have been taken.
void describe_all(DescriptionSource& source, const std::vector<DescriptionRequest>& requests, std::int64_t parallel,
                  const std::function<void(std::size_t, const std::string&)>& take);

}  // namespace phatgoose
