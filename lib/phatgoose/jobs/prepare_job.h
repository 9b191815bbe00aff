// phatgoose prepare: what a router needs of an expert, computed once and kept in its directory (METHODS 4).
#pragma once

#include <ATen/core/Tensor.h>

#include "phatgoose/settings/prepare.h"

namespace phatgoose {

/// Writes what the router needs of each expert (store/router_kinds.cpp), gates and descriptions aside, into its
/// directory, with what it was made from in the file's metadata. A file made from the same is left as it is; another
/// one is replaced, as a whole. bad_data for experts, rows or encoders that do not fit.
void prepare_experts(const PrepareSettings& settings, at::Device device, at::ScalarType dtype);

}  // namespace phatgoose
