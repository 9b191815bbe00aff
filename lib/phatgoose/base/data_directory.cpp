#include "phatgoose/base/data_directory.h"

namespace phatgoose {

fs::path program_directory() { return fs::read_symlink("/proc/self/exe").parent_path(); }

fs::path data_directory() { return program_directory().parent_path() / "share" / "phatgoose"; }

}  // namespace phatgoose
