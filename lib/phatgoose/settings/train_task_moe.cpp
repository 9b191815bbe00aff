#include "phatgoose/settings/train_task_moe.h"

#include "phatgoose/base/error.h"
#include "phatgoose/store/named_directory.h"

namespace phatgoose {
namespace {

constexpr std::int64_t kCopies = 3, kVectorSize = 128;
constexpr double kRouterRate = 1e-3, kVectorRate = 1e-2;

/// Refuses options that are given although something else leaves them without use.
struct UseCheck {
  std::string because;  ///< "given with --router average"
  std::string expected;

  template <typename T>
  void operator()(const std::optional<T>& option, const char* name) const {
    if (option) refuse_usage(std::string("--") + name, because, expected, "leave it out");
  }
};

}  // namespace

TrainTaskMoeSettings::TrainTaskMoeSettings() {
  training.steps = 30'000;
  training.batch = 32;
  training.lr = 1e-5;
  training.clip = 0.1;
  training.weight_decay = 0.01;
  training.schedule = "linear";
  common.dtype = "fp32";  // copies are trained
}

OptionSet TrainTaskMoeSettings::declare() {
  OptionSet set("train-task-moe", "Train copies of a base's layers, and a router that mixes them for every task");
  set.begin_group("Mixture");
  declare_model(set);
  set.add("out", &out, "directory of the mixture and of its run").as("DIR").must().may_change();
  set.add("name", &name, "name of the mixture; default: that of the directory").as("NAME");
  set.add("copies", &copies, "copies of each mixed layer; default 3; 1 is plain training of these layers").at_least(1);
  set.add("mixed-layers", &layers,
          "layers that are mixed: encoder, decoder, or single ones such as encoder.block.0; default: all. What is not "
          "mixed stays as in the base")
      .as("MODULE...");
  set.add("init-noise", &init_noise, "standard deviation of what tells the copies apart at first").at_least(0);
  set.add("tasks", &tasks, "what is a task with a route of its own: every file, or every template of a file")
      .one_of({"files", "templates"});
  set.begin_group("Router");
  set.add("router", &router,
          "from a task's vector to the weights of the copies; default linear-per-layer; average and the random ones "
          "learn nothing")
      .one_of(task_router_names());
  set.add(
         "selection", &selection,
         "how weights come from the router's logits while training: softmax, gumbel with noise for each row, gumbel-st "
         "(default) with one copy for each row and the gradients of gumbel")
      .one_of(route_selection_names());
  set.add("vectors", &vectors, "directory of task vectors; default: vectors that are learned").as("DIR");
  set.add("vector-size", &vector_size, "size of learned vectors; default 128").at_least(1);
  set.add("router-lr", &router_lr, "learning rate of the router; default 0.001").at_least(0);
  set.add("vector-lr", &vector_lr, "learning rate of the vectors; default 0.01, or 0 with --vectors").at_least(0);
  set.add("temperature", &temperature, "of the weights at first; default 2, or 300 with --route-from").at_least(1e-6);
  set.add("temperature-rate", &temperature_rate,
          "it falls by exp(-RATE step); default 0.0003, or 0.0001 with --route-from")
      .at_least(0);
  set.add("temperature-floor", &temperature_floor, "to this; default 0.1, or 1 with --route-from").at_least(1e-6);
  set.add("route-from", &route_from,
          "second stage: a finished mixture whose router and vectors are kept as they are, while the copies begin anew")
      .as("DIR");
  declare_training(set);
  set.begin_group("Training");
  set.add("label-smoothing", &label_smoothing, "share of the loss that is spread over all tokens").between(0, 1);
  return set;
}

void TrainTaskMoeSettings::check() const {
  if (!name.empty() && !is_expert_name(name)) refuse_usage("--name", "\"" + name + "\"", kExpertNameRule);
  if (common.dtype != "fp32") {
    refuse_usage("--dtype", common.dtype.value_or("no type"), "fp32: the copies are trained");
  }
  if (training.lr == 0.0) refuse_usage("--lr", "0", "a rate above 0", "--router-lr and --vector-lr may be 0");
  if (route_from) {
    const UseCheck unused{"given with --route-from", "what the first stage had"};
    unused(router, "router");
    unused(vectors, "vectors");
    unused(vector_size, "vector-size");
    unused(router_lr, "router-lr");
    unused(vector_lr, "vector-lr");
  }
  const bool single = copies == 1;
  const bool learned = !single && (!router || is_learned(*task_router_named(*router)));
  if (single && router && is_learned(*task_router_named(*router))) {
    refuse_usage("--router", *router + " with --copies 1", "several copies to choose from", "leave it out");
  }
  if (!learned) {
    const UseCheck unused{single ? "given with --copies 1" : "given with --router " + *router, "a router that learns"};
    unused(selection, "selection");
    unused(vectors, "vectors");
    unused(vector_size, "vector-size");
    unused(router_lr, "router-lr");
    unused(vector_lr, "vector-lr");
    unused(temperature, "temperature");
    unused(temperature_rate, "temperature-rate");
    unused(temperature_floor, "temperature-floor");
    unused(route_from, "route-from");
  }
  if (vectors && vector_size) refuse_usage("--vector-size", "given with --vectors", "one of them");
  data.check();
  training.check();
}

void TrainTaskMoeSettings::resolve(const TaskMoeShape* first) {
  training.resolve();
  if (first != nullptr) {
    copies = first->copies;
    router = name_of(first->router);
  }
  if (!copies) copies = kCopies;
  if (!router) router = *copies == 1 ? "average" : "linear-per-layer";
  if (!is_learned(router_kind())) return;
  const bool anneals = first != nullptr;
  if (!selection) selection = anneals ? "softmax" : "gumbel-st";
  if (!temperature) temperature = anneals ? 300 : 2;
  if (!temperature_rate) temperature_rate = anneals ? 1e-4 : 3e-4;
  if (!temperature_floor) temperature_floor = anneals ? 1 : 0.1;
  if (anneals) return;
  if (!vectors && !vector_size) vector_size = kVectorSize;
  if (!router_lr) router_lr = kRouterRate;
  if (!vector_lr) vector_lr = vectors ? 0 : kVectorRate;
}

}  // namespace phatgoose
