#include "phatgoose/base/version.h"

namespace phatgoose {

const char* version() { return PHATGOOSE_VERSION; }

}  // namespace phatgoose
