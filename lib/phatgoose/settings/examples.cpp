#include <map>

#include "phatgoose/settings/commands.h"

namespace phatgoose {

std::vector<std::string> examples_of(const std::string& command) {
  static const std::map<std::string, std::vector<std::string>> examples = {
      {"pretrain", {"phatgoose pretrain --out base --text text.txt.gz --make-vocab 300"}},
      {"train-expert",
       {"phatgoose train-expert --preset small --model assets/base --name food --out experts/food"
        " --data assets/tasks/food/train.jsonl --valid assets/tasks/food/valid.jsonl"}},
      {"train-gate",
       {"phatgoose train-gate --preset small --model assets/base --expert experts/food"
        " --data assets/tasks/food/train.jsonl"}},
      {"train-multitask",
       {"phatgoose train-multitask --preset small --model assets/base --method poly --out adapters/poly"
        " --data assets/tasks/*/train.jsonl"}},
      {"adapt",
       {"phatgoose adapt --preset small --model assets/base --from adapters/poly --suite several-skills --tasks errand"
        " --shots 5,16 --out adapted/poly"}},
      {"train-task-moe",
       {"phatgoose train-task-moe --preset small --model assets/base --temperature-rate 0.01 --out mixture"
        " --data assets/tasks/*/train.jsonl",
        "phatgoose train-task-moe --preset small-second-stage --model assets/base --route-from mixture --out mixture-2"
        " --data assets/tasks/*/train.jsonl"}},
      {"export-expert",
       {"phatgoose export-expert --model assets/base --from adapters/poly --task past --out poly/past",
        "phatgoose export-expert --model assets/base --from adapters/poly --unknown-task mean --out poly/new-word"}},
      {"task-vectors",
       {"phatgoose task-vectors --model assets/base --method text --data assets/tasks/*/train.jsonl --out vectors/text",
        "phatgoose task-vectors --model assets/base --method fisher --examples 20 --out vectors/fisher"
        " --data assets/tasks/{keeper,food,paint,fare}/train.jsonl",
        "phatgoose task-vectors --model assets/base --like vectors/fisher --examples 20 --out vectors/driver"
        " --data assets/tasks/driver/train.jsonl"}},
      {"routes",
       {"phatgoose routes mixture --categories assets/categories/held-in.yaml --vectors vectors/text"
        " --heat-map routes.svg"}},
      {"import", {"phatgoose import --model t5-xl-lm-adapt --checkpoint original.pt --names names.txt --out experts"}},
      {"prepare", {"phatgoose prepare --model assets/base --router arrow --expert experts/food"}},
      {"describe",
       {"phatgoose describe --model assets/base --expert experts/food --source rule --data "
        "assets/tasks/food/train.jsonl",
        "phatgoose describe --model assets/base --expert experts/food --text 'Name the food that animals eat.'",
        "phatgoose describe --suite several-skills --source rule --out descriptions.jsonl"}},
      {"build", {"phatgoose build --model assets/base --library assets/experts --out routed"}},
      {"edit",
       {"phatgoose edit --routed routed --disable flag,crop",
        "phatgoose edit --routed routed --remove food --add experts/food --model assets/base"}},
      {"eval",
       {"phatgoose eval --model assets/base --routed routed --suite several-skills --tasks errand --out results/errand",
        "phatgoose eval --model assets/base --base --expert assets/experts/past assets/experts/plural"
        " --suite held-in --tasks past,plural --limit 20 --out results/past",
        "phatgoose eval --model assets/base --modular adapters/poly --suite held-in --out results/poly",
        "phatgoose eval --model assets/base --task-moe mixture --suite held-in --tasks past,plural --out "
        "results/mixture",
        "for i in 1 2; do phatgoose eval --model assets/base --suite held-in --tasks food --shard $i/2 --out "
        "shards/$i; "
        "done"}},
      {"score",
       {"phatgoose score results/past --pairs", "phatgoose score errand=results/errand --templates --format markdown",
        "phatgoose score --join shards/1 shards/2 --out results/food"}},
      {"predict",
       {"echo 'Name the food that the hungry pig eats.' | phatgoose predict --model assets/base --routed routed "
        "--explain"}},
      {"export",
       {"phatgoose export --model assets/base --expert assets/experts/food --out food-model",
        "phatgoose export --model assets/base --task-moe mixture --task food --out routed-food-model"}},
      {"inspect",
       {"phatgoose inspect assets/experts/food",
        "phatgoose inspect --similarity assets/experts/past assets/experts/plural"}},
      {"bench", {"phatgoose bench --model assets/base --work rank_base --rows 4 --input-length 64"}},
  };
  return examples.at(command);
}

}  // namespace phatgoose
