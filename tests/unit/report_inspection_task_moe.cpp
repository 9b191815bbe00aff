// inspect of task-level mixtures.
#include <catch2/catch.hpp>

#include "phatgoose/report/inspection.h"
#include "support/golden.h"
#include "support/mixture_files.h"
#include "support/scratch_directory.h"

namespace phatgoose {

TEST_CASE("inspect tells the sizes of a mixture, and the route of every task") {
  const test::ScratchDirectory scratch;
  const T5Config config = read_t5_config(test::golden_path("t5_v1_1/model"));
  test::MixtureFiles files;
  files.routes = {0.25F, 0.75F, 1, 0, 0, 1, 0.5F, 0.5F};
  files.write(scratch / "mixture", config);
  const Json found = inspect_directory(scratch / "mixture", /*verify=*/true);
  CHECK(found["kind"] == "task-moe");
  CHECK(found["copies"] == 2);
  CHECK(found["router"] == "linear-per-layer");
  CHECK(found["selection"] == "softmax");
  CHECK(found["vector_size"] == 3);
  CHECK(found["tasks"] == Json({"choose", "write"}));
  CHECK(found["routes"] == Json::parse("[[[0.25, 0.75], [1, 0]], [[0, 1], [0.5, 0.5]]]"));
  std::int64_t numbers = 0;
  for (const std::string& layer : files.manifest.shape.layers) {
    for (const auto& [name, shape] : tensors_of_layer(config, layer)) numbers += 2 * count_of(shape);
  }
  CHECK(found["copy_parameters"] == numbers);
  CHECK(found["router_parameters"] == 2 * 3 + 2 * 64 * 3 + 2 * 64 + 2 * 2 * 64 + 2 * 2);
  const std::string text = inspection_text(found);
  CHECK_THAT(text, Catch::Contains("choose  1 0.75  0 1.00") && Catch::Contains("write   1 1.00  0 0.50"));
  CHECK_THAT(text, Catch::Contains("e0") && Catch::Contains("d1"));
}

}  // namespace phatgoose
