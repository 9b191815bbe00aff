// How alike experts are: of their gates, which decide where tokens go, and of what their LoRAs do.
#pragma once

#include <span>
#include <string>

#include "phatgoose/base/json.h"
#include "phatgoose/store/expert_directory.h"

namespace phatgoose {

/// {"experts": names, "gates": matrix, "loras": matrix}, for two experts or more, whose data are all read. An entry of
/// "gates" is the mean over the linears that both experts adapt of cos(LN(v_a), LN(v_b)); of "loras", of the cosine
/// between the products B_a A_a and B_b A_b as vectors, computed through the factors alone. Linears where a gate is
/// constant or a product zero have no direction and do not count; where none is left, or a gate is missing, the entry
/// is null. Values are rounded to six decimals. Experts that share a name are called by their paths; experts whose
/// shapes differ at one linear are for different bases: bad_data.
Json expert_similarity(std::span<const ExpertDirectory> experts);

/// The same for people: a table of each matrix.
std::string similarity_text(const Json& similarity);

}  // namespace phatgoose
