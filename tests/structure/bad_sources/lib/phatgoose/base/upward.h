#include <ATen/ATen.h>

#include "phatgoose/nn/shapes.h"
