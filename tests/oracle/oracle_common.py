"""What the oracle scripts share: tiny random T5 models, batches of mixed lengths, and golden files.

A golden directory holds `model/` (a Hugging Face directory), `expected.safetensors` (tensors) and `expected.json`
(token ids and numbers). Token-wise tensors hold the real tokens of all rows back to back, without pads.
"""

import contextlib
import copy
import json
import logging
import os
import pathlib
import tempfile
import warnings

os.environ["HF_HUB_OFFLINE"] = "1"
warnings.filterwarnings("ignore", module="(transformers|peft)")

import peft  # noqa: E402  (the environment first)
import safetensors  # noqa: E402
import torch  # noqa: E402
import transformers  # noqa: E402
from safetensors.torch import load_file, save_file  # noqa: E402
from transformers import T5Config, T5ForConditionalGeneration  # noqa: E402

GOLDEN = pathlib.Path(__file__).resolve().parent.parent / "golden"
EOS = 1
IGNORED = -100
LARGEST_NOISE = 3e-6  # what judges to 1e-5 must itself be known better than that: cases with more noise are not used


def initialise(model, seed):
    """Draws every parameter so that activations, attention and gradients all stay well away from zero and overflow."""
    generator = torch.Generator().manual_seed(seed)
    config = model.config
    fan_in = {"o": config.num_heads * config.d_kv, "wo": config.d_ff}
    with torch.no_grad():
        for name, parameter in sorted(model.named_parameters()):
            noise = torch.randn(parameter.shape, generator=generator)
            layer = name.split(".")[-2]
            if layer.endswith("layer_norm"):
                parameter.copy_(1.0 + 0.2 * noise)
            elif layer == "relative_attention_bias":
                parameter.copy_(0.7 * noise)
            elif layer == "q":
                parameter.copy_(1.5 * noise * (config.d_model * config.d_kv) ** -0.5)
            elif layer == "lm_head":
                parameter.copy_(0.35 * noise)
            elif layer == "shared":
                parameter.copy_(noise)
            else:
                parameter.copy_(noise * fan_in.get(layer, config.d_model) ** -0.5)


def make_model(config, separate_head, seed):
    """A random model in evaluation mode; the head is a tensor of its own or the embedding."""
    model = T5ForConditionalGeneration._from_config(T5Config(**config), attn_implementation="eager")
    if separate_head:
        model.lm_head.weight = torch.nn.Parameter(torch.empty_like(model.lm_head.weight))
    initialise(model, seed)
    return model.eval()


@contextlib.contextmanager
def collected_warnings():
    """A list of what `transformers` warns of meanwhile, by its log and by Python's warnings."""
    said = []
    handler = logging.Handler(logging.WARNING)
    handler.emit = lambda record: said.append(record.getMessage())
    logger = logging.getLogger("transformers")
    logger.addHandler(handler)
    try:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            yield said
            said.extend(str(warning.message) for warning in caught)
    finally:
        logger.removeHandler(handler)


def load_saved(directory, dtype=torch.float32):
    """The model of a directory, and what `transformers` warns of when it loads it."""
    with collected_warnings() as said:
        model, report = T5ForConditionalGeneration.from_pretrained(
            directory, dtype=dtype, attn_implementation="eager", output_loading_info=True)
    for kind in ("missing_keys", "unexpected_keys", "mismatched_keys"):
        assert not report[kind], f"{directory}: {kind} {report[kind]}"
    return model.eval(), said


def load_written(directory, dtype=torch.float32):
    """The model of a directory that the toolkit wrote, which must load without a warning.

    Version 5 of `transformers` warns of every T5 whose head is not its embedding; so the judge is the same model as
    `transformers` itself saves it, which may not load with less.
    """
    model, said = load_saved(directory, dtype)
    if said:
        with tempfile.TemporaryDirectory() as scratch:
            model.save_pretrained(scratch)
            _, unavoidable = load_saved(scratch, dtype)
        assert set(said) <= set(unavoidable), f"{directory}: {set(said) - set(unavoidable)}"
        assert all("lm_head.weight" in line for line in said), f"{directory}: {said}"
    return model


def make_rows(vocab_size, lengths, seed):
    """Random token ids, one list for each length; every row ends with EOS."""
    generator = torch.Generator().manual_seed(seed)
    return [torch.randint(3, vocab_size, (length - 1,), generator=generator).tolist() + [EOS] for length in lengths]


def pad(rows, value):
    return torch.nn.utils.rnn.pad_sequence([torch.tensor(row) for row in rows], batch_first=True, padding_value=value)


class Batch:
    """Source and target rows as `transformers` wants them: padded, with a mask and ignored labels."""

    def __init__(self, sources, targets):
        self.sources, self.targets = sources, targets
        self.input_ids = pad(sources, 0)
        self.attention_mask = pad([[1] * len(row) for row in sources], 0)
        self.labels = pad(targets, IGNORED)

    def forward(self, model):
        return model(input_ids=self.input_ids, attention_mask=self.attention_mask, labels=self.labels, use_cache=False)

    def pack_sources(self, states):
        return states[self.attention_mask.bool()].detach().clone()  # [N, D]

    def pack_targets(self, states):
        return states[self.labels != IGNORED].detach().clone()  # [N, V]


def write_expected(directory, tensors, numbers):
    directory.mkdir(parents=True, exist_ok=True)
    save_file({name: tensor.float().contiguous() for name, tensor in tensors.items()},
              directory / "expected.safetensors")
    write_json(directory / "expected.json", numbers)


def gradients(model, batch):
    """The output of a forward pass, and the gradient of every parameter that has one."""
    model.zero_grad()
    output = batch.forward(model)
    output.loss.backward()
    return output, {name: parameter.grad.detach().clone() for name, parameter in model.named_parameters()
                    if parameter.grad is not None}


def rounding_noise(model, batch):
    """Largest difference of a gradient between fp32 and fp64, relative to the largest entry of its tensor."""
    _, single = gradients(model, batch)
    _, double = gradients(copy.deepcopy(model).double(), batch)
    return max(relative_difference(single[name], double[name]) for name in single)


def read_expected(directory):
    """The tensors and the numbers of a golden directory."""
    return load_file(directory / "expected.safetensors"), json.loads((directory / "expected.json").read_text())


def relative_difference(actual, expected):
    """Largest difference of an entry, relative to the largest absolute value expected."""
    return ((actual - expected).abs().max() / expected.abs().max()).item()


def write_json(path, value):
    path.write_text(json.dumps(value, indent=1) + "\n")


def write_versions():
    """Names the packages that the golden files were made with."""
    packages = {module.__name__: module.__version__ for module in (peft, safetensors, torch, transformers)}
    write_json(GOLDEN / "versions.json", packages)
