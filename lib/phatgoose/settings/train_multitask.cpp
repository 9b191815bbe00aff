#include "phatgoose/settings/train_multitask.h"

#include "phatgoose/base/error.h"
#include "phatgoose/settings/task_files.h"
#include "phatgoose/store/named_directory.h"

namespace phatgoose {
namespace {

constexpr std::int64_t kRank = 16, kPolyRank = 1, kSkills = 8, kSplits = 64, kOrder = 2;
constexpr double kFactorRate = 1e-3, kLeafRate = 3e-4, kRoutingRate = 0.1;

std::vector<std::string> methods() {
  std::vector<std::string> names = modular_method_names();
  names.insert(names.begin(), "lora");
  return names;
}

/// Refuses an option that is given although the method has no use for it.
void check_use(bool given, bool used, const std::string& option, const std::string& method, const char* who) {
  if (!given || used) return;
  refuse_usage("--" + option, "given with --method " + method, who, "leave it out");
}

}  // namespace

TrainMultitaskSettings::TrainMultitaskSettings() {
  training.steps = 100'000;
  training.batch = 8;
  training.lr = std::nullopt;
  training.optimizer = "adafactor";
  training.schedule = "linear";
  data.max_input = 256;
}

OptionSet TrainMultitaskSettings::declare() {
  OptionSet set("train-multitask", "Train one adapter on many tasks: LoRA, TLoRA, Poly, MHR, TensorPoly");
  set.begin_group("Adapter");
  declare_model(set);
  set.add("method", &method, "what the adapter is made of").one_of(methods()).must();
  set.add("out", &out, "directory of the adapter and of its run").as("DIR").must().may_change();
  set.add("name", &name, "name of the adapter; default: that of the directory").as("NAME");
  set.add("rank", &rank, "LoRA rank R; default 16, of poly and mhr 1").at_least(1);
  set.add("skills", &skills, "skills S, or the tensor rank of tlora and tensorpoly; default 8").at_least(1);
  set.add("splits", &splits, "blocks P of mhr, which must divide the sizes of all linears; default 64").at_least(2);
  set.add("order", &order, "leaves that make a vector, of tlora and tensorpoly: 2 or 4; default 2").at_least(2);
  set.add("init", &init,
          "leaves at first: identity begins with the base itself (default), paper draws those of both sides")
      .one_of({"identity", "paper"});
  set.add("tasks", &tasks, "what is a task with weights of its own: every file, or every template of a file")
      .one_of({"files", "templates"});
  set.add("routing-lr", &routing_lr, "learning rate of the routing logits; default 0.1").at_least(0);
  set.add("noise", &noise, "while training, draw each row's weights from a relaxed Bernoulli distribution");
  declare_loss(set);
  declare_training(set);
  return set;
}

void TrainMultitaskSettings::check() const {
  if (!name.empty() && !is_expert_name(name)) refuse_usage("--name", "\"" + name + "\"", kExpertNameRule);
  const auto modular = modular_method();
  const bool leaves = modular && has_leaves(*modular), routing = modular && has_routing(*modular);
  check_use(skills.has_value(), modular.has_value(), "skills", method, "a method with skills");
  check_use(splits.has_value(), modular == ModularMethod::mhr, "splits", method, "--method mhr");
  check_use(order.has_value(), leaves, "order", method, "a method made of leaves");
  check_use(init.has_value(), leaves, "init", method, "a method made of leaves: others begin with the base");
  check_use(routing_lr.has_value(), routing, "routing-lr", method, "a method with routing");
  check_use(noise, routing, "noise", method, "a method with routing");
  check_use(tasks != "files", routing, "tasks", method, "a method with routing");
  if (order && *order != 2 && *order != 4) refuse_usage("--order", std::to_string(*order), "2 or 4");
  if (routing && training.lr == 0.0) refuse_usage("--lr", "0", "a rate above 0", "--routing-lr may be 0");
  data.check();
  training.check();
}

void TrainMultitaskSettings::resolve() {
  const auto modular = modular_method();
  const bool leaves = modular && has_leaves(*modular);
  if (!rank) rank = modular && !leaves ? kPolyRank : kRank;
  if (modular && !skills) skills = kSkills;
  if (modular == ModularMethod::mhr && !splits) splits = kSplits;
  if (leaves && !order) order = kOrder;
  if (leaves && !init) init = "identity";
  if (modular && has_routing(*modular) && !routing_lr) routing_lr = kRoutingRate;
  if (!training.lr) training.lr = leaves ? kLeafRate : kFactorRate;
  training.resolve();
}

ModularShape TrainMultitaskSettings::shape() const {
  const ModularShape shape{.method = *modular_method(),
                           .rank = *rank,
                           .skills = *skills,
                           .splits = splits.value_or(1),
                           .order = order.value_or(1)};
  in("--method " + method, [&] { shape.check(); });
  return shape;
}

}  // namespace phatgoose
