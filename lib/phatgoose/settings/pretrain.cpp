#include "phatgoose/settings/pretrain.h"

#include "phatgoose/base/error.h"

namespace phatgoose {

namespace {

constexpr double kDefaultDecayRatio = 0.5;

}  // namespace

OptionSet PretrainSettings::declare() {
  OptionSet set("pretrain", "Make a small base model from plain text: span corruption, then LM adaptation");
  set.begin_group("Model");
  set.add("out", &out, "directory of the model and of its run").as("DIR").must().may_change();
  set.add("init", &init, "base model directory to continue from, with its vocabulary").as("DIR");
  set.add("vocab", &vocab, "sentencepiece vocabulary to use").as("spiece.model");
  set.add("make-vocab", &make_vocab, "make a vocabulary of N pieces from the text").as("N").at_least(16);
  set.add("model-config", &model_config, "shape as a Hugging Face config.json, instead of the sizes below")
      .as("config.json");
  set.add("layers", &layers, "encoder layers, and as many decoder layers; default 3").at_least(1);
  set.add("d-model", &d_model, "width; default 192").at_least(1);
  set.add("d-ff", &d_ff, "inner width of the feed-forward; default 384").at_least(1);
  set.add("heads", &heads, "attention heads; default 3").at_least(1);
  set.add("d-kv", &d_kv, "width of a head; default 64").at_least(1);
  set.add("embedding-std", &embedding_std,
          "standard deviation of the first embeddings; default 1; below it, context weighs more in a token's states")
      .between(1e-3, 10);
  set.add("save-dtype", &save_dtype, "type of the stored weights").one_of({"bf16", "fp32"});

  set.begin_group("Text");
  set.add("text", &text, "text, one document a line, plain or .gz; WEIGHT is its share of the examples (default 1)")
      .as("FILE[:WEIGHT]...")
      .must();
  reading.declare(set);
  set.add("input-length", &input_length, "tokens of every input").at_least(8);
  set.add("noise-density", &noise_density, "share of the tokens that are masked").between(0.01, 0.9);
  set.add("mean-span", &mean_span, "mean length of a masked span").at_least(1);
  set.add("salient", &salient,
          "every line is an example of its own; of the spans that it marks as [[span]] this share is masked, at least "
          "one,"
          " instead of random spans; LM adaptation continues from a mark on")
      .between(0, 1);
  set.add("lm-steps", &lm_steps, "further steps of LM adaptation: a random prefix is the input, the rest the target")
      .at_least(0);

  training.declare(set);
  set.begin_group("Training");
  set.add("decay-ratio", &decay_ratio,
          "share of all steps, the last, over which the learning rate falls to 0, where it does not fall by --schedule "
          "linear; default 0.5")
      .between(0, 1);
  set.add("query-lr-scale", &query_lr_scale, "learning rate of the query weights, relative to the others").at_least(0);
  set.add("dropout", &dropout, "dropout while pretraining").between(0, 0.999);
  common.declare(set);
  return set;
}

void PretrainSettings::check() const {
  training.check();
  if (training.schedule == "linear" && decay_ratio) {
    refuse_usage("--decay-ratio", "given with --schedule linear", "another --schedule",
                 "with linear the rate falls from the end of the warm-up on");
  }
}

void PretrainSettings::resolve() {
  training.resolve();
  if (training.schedule != "linear" && !decay_ratio) decay_ratio = kDefaultDecayRatio;
}

}  // namespace phatgoose
