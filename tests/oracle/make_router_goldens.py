"""Golden files of other routers: Arrow as `peft` computes it, the mean inputs of an expert's linears, and retrieval.

tests/golden/arrow holds LoRAs of one rank and unequal scales, the prototypes that `peft` makes of them, and under
several settings the logits, the routing weights of every token in one linear, and every expert's sum of weights in each
linear.
tests/golden/mean_inputs holds the mean input of every linear of two golden experts (docs/methods.md, section 4).
tests/golden/retrieval holds examples of several experts, queries, and by brute force in NumPy the expert of each query.
tests/golden/glider holds tokens, gates, descriptions of experts and of rows, and for several alpha the scores in NumPy.

Usage: python tests/oracle/make_router_goldens.py (after make_phatgoose_goldens.py)
"""

import copy
import itertools
import math
import shutil
import unittest.mock

import numpy
import torch
from make_peft_goldens import ALL_LINEARS, load_base, module_path, randomise, small_batch, write_adapter
from oracle_common import GOLDEN, LARGEST_NOISE, relative_difference, write_expected, write_versions
from peft import ArrowConfig, LoraConfig, PeftModel, create_arrow_model, get_peft_model
from peft.tuners.lora.arrow import ArrowLoraLinearLayer

ARROW = GOLDEN / "arrow"
RANK = 2
ALPHAS = {"north": 2, "east": 3, "south": 1, "west": 4}
SETTINGS = {"k1": {"top_k": 1}, "k2": {"top_k": 2}, "k3": {"top_k": 3}, "all": {"top_k": 4},
            "k2_temperature_half": {"top_k": 2, "router_temperature": 0.5},
            "k3_temperature_two": {"top_k": 3, "router_temperature": 2.0}}
WATCHED = "encoder.block.0.layer.0.SelfAttention.q"  # its inputs are the same under all settings
SMALLEST_MARGIN = 3e-5

MEAN_INPUT_EXPERTS = ["wide", "attention"]
EXAMPLES = {"north": 12, "east": 1, "south": 30, "west": 9}
QUERIES, EMBEDDING_SIZE = 60, 24


def on_source(path):
    """Whether the tokens that the linear at `path` sees are those of the input."""
    return path.startswith("encoder.") or path.endswith(("EncDecAttention.k", "EncDecAttention.v"))


def make_experts(seed):
    for number, (name, alpha) in enumerate(ALPHAS.items()):
        config = LoraConfig(task_type="SEQ_2_SEQ_LM", r=RANK, lora_alpha=alpha, target_modules=ALL_LINEARS)
        model = get_peft_model(load_base(), config)
        randomise(model, seed + number)
        write_adapter(model, ARROW / "experts" / name)


def arrow_model(settings):
    paths = [str(ARROW / "experts" / name) for name in ALPHAS]
    config = ArrowConfig(use_gks=False, rng_seed=7, **{"router_temperature": 1.0, **settings})
    return create_arrow_model(load_base(), paths, config).eval()


class Watch:
    """What `peft`'s Arrow layers decide while it is active: weights and similarities of every token, by module path."""

    def __init__(self, model):
        self.layers = {name.removeprefix("base_model.model.").partition(".lora_arrow")[0]: layer
                       for name, layer in model.named_modules() if isinstance(layer, ArrowLoraLinearLayer)}
        self.inputs, self.weights, self.similarities = {}, {}, {}

    def __enter__(self):
        softmax, current = torch.softmax, []

        def enter(path):
            def hook(layer, arguments):
                x = arguments[0]
                self.inputs[path] = x
                self.similarities[path] = (x @ layer.prototypes.T).abs()
                current.append(path)
            return hook

        def spy(scores, dim):
            weights = softmax(scores, dim=dim)
            if current:  # the routing weights are the one softmax within an Arrow layer
                path = current.pop()
                self.weights[path] = weights.view(*self.inputs[path].shape[:-1], -1)
            return weights

        self.handles = [layer.register_forward_pre_hook(enter(path)) for path, layer in self.layers.items()]
        self.patch = unittest.mock.patch.object(torch, "softmax", spy)
        self.patch.start()
        return self

    def __exit__(self, *_):
        self.patch.stop()
        for handle in self.handles:
            handle.remove()

    def prototypes(self):
        return {f"prototype.{name}.{path}": layer.prototypes[number] for path, layer in self.layers.items()
                for number, name in enumerate(ALPHAS)}


def real(path, states, batch):
    """The states of real tokens, row after row."""
    return batch.pack_sources(states) if on_source(path) else batch.pack_targets(states)


def margin(watch, batch, k):
    """The smallest distance between a chosen similarity and the best rejected one."""
    if k >= len(ALPHAS):
        return math.inf
    ordered = [real(path, values, batch).sort(dim=-1, descending=True).values
               for path, values in watch.similarities.items()]
    return min((values[:, k - 1] - values[:, k]).min().item() for values in ordered)


def make_arrow_golden(batch):
    """False where a choice hangs on rounding."""
    tensors = {}
    for name, settings in SETTINGS.items():
        model = arrow_model(settings)
        with torch.no_grad():
            batch.forward(model)  # the prototypes are made in the first pass
            with Watch(model) as watch:
                logits = batch.pack_targets(batch.forward(model).logits)
            assert len(watch.layers) == len(watch.weights) == 36
            if margin(watch, batch, settings["top_k"]) < SMALLEST_MARGIN:
                return False
            exact = batch.pack_targets(batch.forward(copy.deepcopy(model).double()).logits)
        noise = relative_difference(logits, exact)
        assert noise < LARGEST_NOISE, f"{name}: logits are only known to {noise:.1e}"
        tensors |= watch.prototypes()
        tensors[f"logits.{name}"] = logits
        tensors["inputs"] = real(WATCHED, watch.inputs[WATCHED], batch)
        tensors[f"weights.{name}"] = real(WATCHED, watch.weights[WATCHED], batch)
        tensors |= {f"sums.{name}.{path}": real(path, weights, batch).double().sum(0)
                    for path, weights in watch.weights.items()}
        print(f"arrow {name}: margin {margin(watch, batch, settings['top_k']):.1e}, noise {noise:.1e}")
    write_expected(ARROW, tensors, {"sources": batch.sources, "targets": batch.targets, "experts": list(ALPHAS),
                                    "watched": WATCHED, "settings": SETTINGS})
    return True


def mean_inputs(name, batch):
    """Mean over an example's real tokens, then over the examples, of what every adapted linear reads, in fp64."""
    model = PeftModel.from_pretrained(load_base(), GOLDEN / "experts" / name).eval().double()
    adapted = {module_path(parameter)[0] for parameter, _ in model.named_parameters() if "lora_A" in parameter}
    seen = {}

    def hook_of(path):
        return lambda _, arguments: seen.update({path: arguments[0]})

    for path in adapted:
        model.get_submodule("base_model.model." + path).register_forward_pre_hook(hook_of(path))
    with torch.no_grad():
        batch.forward(model)
    means = {}
    for path in adapted:
        mask = batch.attention_mask.bool() if on_source(path) else batch.labels >= 0
        rows = [states[real_tokens].mean(0) for states, real_tokens in zip(seen[path], mask, strict=True)]
        means[path] = torch.stack(rows).mean(0)
    return means


def make_mean_inputs_golden(batch):
    tensors = {f"{name}.{path}": mean for name in MEAN_INPUT_EXPERTS for path, mean in mean_inputs(name, batch).items()}
    write_expected(GOLDEN / "mean_inputs", tensors, {"sources": batch.sources, "targets": batch.targets,
                                                     "experts": MEAN_INPUT_EXPERTS})


def unit_rows(random, count):
    rows = random.standard_normal((count, EMBEDDING_SIZE)).astype(numpy.float32)
    return rows / numpy.linalg.norm(rows, axis=1, keepdims=True)


def nearest_experts(examples, queries, left_out=None):
    """For every query the expert that owns the example with the largest cosine."""
    best = {name: (queries.astype(numpy.float64) @ rows.astype(numpy.float64).T).max(axis=1)
            for name, rows in examples.items() if name != left_out}
    cosines = numpy.stack(list(best.values()))  # [experts, queries]
    first, second = numpy.sort(cosines, axis=0)[[-1, -2]]
    assert (first - second).min() > 1e-5, "a choice hangs on rounding"
    return [list(best)[number] for number in cosines.argmax(axis=0)]


def make_retrieval_golden():
    random = numpy.random.default_rng(3)
    examples = {name: unit_rows(random, count) for name, count in EXAMPLES.items()}
    queries = unit_rows(random, QUERIES)
    tensors = {f"examples.{name}": torch.from_numpy(rows) for name, rows in examples.items()}
    write_expected(GOLDEN / "retrieval", {"queries": torch.from_numpy(queries), **tensors},
                   {"experts": list(examples), "nearest": nearest_experts(examples, queries),
                    "nearest_without": {name: nearest_experts(examples, queries, name) for name in examples}})


def standardised(rows):
    centred = rows - rows.mean(axis=1, keepdims=True)
    return centred / numpy.sqrt((centred ** 2).mean(axis=1, keepdims=True) + 1e-5)


def glider_alphas(cosines, experts, alpha):
    """Of each row; `auto` goes from 3 to 100 as the best match stands out from the likeness of experts."""
    if alpha != "auto":
        return numpy.full((len(cosines), 1), float(alpha))
    alikeness = experts @ experts.T
    numpy.fill_diagonal(alikeness, -numpy.inf)
    usual = alikeness.max(axis=1).mean()
    distance = numpy.clip((cosines.max(axis=1, keepdims=True) - usual) / (1 - usual), 0, 1)
    return 3 * (100 / 3) ** distance


def make_glider_golden():
    random = numpy.random.default_rng(4)
    size, lengths = 24, [3, 1, 5, 2]
    tokens, gates = (random.standard_normal((rows, size)).astype(numpy.float32) for rows in (sum(lengths), 5))
    experts, rows = unit_rows(random, 5), unit_rows(random, len(lengths))
    rows[0] = experts[2]  # a row that is described as an expert is
    rows[1] = (experts[1] + 0.4 * rows[1]) / numpy.linalg.norm(experts[1] + 0.4 * rows[1])  # and one nearly so
    wide = [numpy.asarray(part, numpy.float64) for part in (tokens, gates, experts, rows)]
    local = standardised(wide[0]) @ standardised(wide[1]).T / math.sqrt(size)
    cosines = wide[3] @ wide[2].T
    row_of_token = numpy.repeat(numpy.arange(len(lengths)), lengths)
    tensors = {"tokens": tokens, "gates": gates, "experts": experts, "rows": rows}
    for alpha in (0, 3, 100, "auto"):
        tensors[f"scores.{alpha}"] = local + (glider_alphas(cosines, wide[2], alpha) * cosines)[row_of_token]
    write_expected(GOLDEN / "glider", {name: torch.from_numpy(array) for name, array in tensors.items()},
                   {"lengths": lengths, "alphas": ["0", "3", "100", "auto"]})


def main():
    torch.set_num_threads(1)
    batch = small_batch(load_base().config.vocab_size)
    shutil.rmtree(ARROW, ignore_errors=True)
    for seed in itertools.count(step=len(ALPHAS)):
        make_experts(seed)
        if make_arrow_golden(batch):
            break
    make_mean_inputs_golden(batch)
    make_retrieval_golden()
    make_glider_golden()
    write_versions()


if __name__ == "__main__":
    main()
