"""Golden files of modular adapters: directories that Poly of `peft` wrote, one without and one with splits, with the
logits of rows of different tasks and the gradients, in evaluation mode, in which `peft` draws no noise.

Usage: python tests/oracle/make_modular_goldens.py (after make_model_goldens.py)
"""

import itertools

import torch
from make_peft_goldens import load_base, write_adapter
from oracle_common import (GOLDEN, LARGEST_NOISE, Batch, gradients, make_rows, rounding_noise, write_expected,
                           write_versions)
from peft import PeftModel, PolyConfig, get_peft_model

TASKS, SKILLS, RANK = 3, 2, 2
CASES = {
    "modular_poly": {"n_splits": 1, "target_modules": ["q", "v", "wi_0"]},
    "modular_mhr": {"n_splits": 2, "target_modules": ["k", "o", "wo"]},
}
PARTS = {"poly_lora_A": "a", "poly_lora_B": "b", "poly_router": "logits"}


class TaskBatch(Batch):
    """Rows with the number of each one's task."""

    def __init__(self, sources, targets, tasks):
        super().__init__(sources, targets)
        self.tasks = tasks

    def forward(self, model):
        return model(input_ids=self.input_ids, attention_mask=self.attention_mask, labels=self.labels, use_cache=False,
                     task_ids=torch.tensor(self.tasks))


def make_batch(vocab_size):
    return TaskBatch(make_rows(vocab_size, [9, 14, 4], seed=23), make_rows(vocab_size, [5, 2, 7], seed=24), [2, 0, 1])


def part_of(parameter_name):
    """("encoder.block.0.layer.0.SelfAttention.q", "a") of PEFT's parameter name; nothing for the base's."""
    path, _, rest = parameter_name.removeprefix("base_model.model.").partition(".poly_")
    return (path, PARTS["poly_" + rest.split(".")[0]]) if rest else None


def randomise(peft_model, seed):
    """Random factors, B included, and logits that tell the tasks apart."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, parameter in sorted(peft_model.named_parameters()):
            if not part_of(name):
                continue
            size = {"a": parameter.shape[-2] ** -0.5, "b": 0.2, "logits": 1.5}[part_of(name)[1]]
            parameter.copy_(size * torch.randn(parameter.shape, generator=generator))


def make_adapter(settings, batch):
    """The first random adapter whose gradients are known well enough."""
    config = PolyConfig(task_type="SEQ_2_SEQ_LM", r=RANK, n_tasks=TASKS, n_skills=SKILLS, **settings)
    for seed in itertools.count():
        peft_model = get_peft_model(load_base(), config).eval()
        randomise(peft_model, seed)
        if rounding_noise(peft_model, batch) < LARGEST_NOISE:
            return peft_model


def expect(peft_model, directory, batch):
    """Logits, loss and the gradients of factors and routing logits."""
    output, found = gradients(peft_model, batch)
    tensors = {"logits": batch.pack_targets(output.logits)}
    for name, gradient in found.items():
        if part_of(name):
            tensors["gradient." + ".".join(part_of(name))] = gradient
    write_expected(directory, tensors, {"sources": batch.sources, "targets": batch.targets, "tasks": batch.tasks,
                                        "loss": output.loss.item()})
    print(f"{directory.name}: loss {output.loss.item():.4f}, rounding noise {rounding_noise(peft_model, batch):.1e}")


def main():
    torch.set_num_threads(1)
    batch = make_batch(load_base().config.vocab_size)
    for name, settings in CASES.items():
        write_adapter(make_adapter(settings, batch), GOLDEN / name / "adapter")
        reread = PeftModel.from_pretrained(load_base(), GOLDEN / name / "adapter", is_trainable=True).eval()
        expect(reread, GOLDEN / name, batch)
    write_versions()


if __name__ == "__main__":
    main()
