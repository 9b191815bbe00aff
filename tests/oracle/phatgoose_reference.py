"""PHATGOOSE the slow and obvious way: hooks on the linears of `transformers`' T5, token by token, expert by expert.

Written from the equations (docs/methods.md, sections 3.2 and 3.3) and independent of the C++ code that it judges.
"""

import contextlib
import math

import torch

LAYER_NORM_EPSILON = 1e-5


class Expert:
    """LoRA factors, scales and gate vectors by module path."""

    def __init__(self, name, factors, scales, gates):
        self.name, self.factors, self.scales, self.gates = name, factors, scales, gates

    def update(self, path, u):
        a, b = self.factors[path]
        return self.scales[path] * (b @ (a @ u))


@contextlib.contextmanager
def hooked(model, hook_of):
    """Runs `hook_of(path)(u, y)` after every linear for which hook_of gives a function."""
    handles = []
    for path, module in model.named_modules():
        if isinstance(module, torch.nn.Linear) and hook_of(path):
            handles.append(module.register_forward_hook(lambda _, inputs, y, path=path: hook_of(path)(inputs[0], y)))
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


def gated(model, expert):
    """y = W u + c B A u sigmoid(v . u)."""

    def hook_of(path):
        if path not in expert.factors:
            return None
        a, b = expert.factors[path]

        def hook(u, y):
            gate = torch.sigmoid((u * expert.gates[path]).sum(-1, keepdim=True))
            return y + expert.scales[path] * gate * (u @ a.T @ b.T)

        return hook

    return hooked(model, hook_of)


def layer_norm(x):
    centred = x - x.mean()
    return centred / torch.sqrt((centred * centred).mean() + LAYER_NORM_EPSILON)


class Router:
    """The routed forward of one batch. `margin` is the smallest distance between a chosen score and the best rejected
    one (or, with top_p, between a cumulative mass and top_p) over all tokens and linears."""

    def __init__(self, experts, batch, k=2, temperature=1.0, top_p=None, renorm_eps=0.0):
        self.experts, self.batch = experts, batch
        self.k, self.temperature, self.top_p, self.renorm_eps = k, temperature, top_p, renorm_eps
        self.margin = math.inf

    def choose(self, scores):
        """Indices of the experts used for one token, best first; ties go to the lower index."""
        order = sorted(range(len(scores)), key=lambda index: (-scores[index], index))
        if self.top_p is None:
            if len(order) > self.k:
                self.margin = min(self.margin, scores[order[self.k - 1]] - scores[order[self.k]])
            return order[: self.k]
        mass = torch.softmax(torch.tensor(scores) / self.temperature, 0)
        total, chosen = 0.0, []
        for index in order:
            chosen.append(index)
            total += mass[index].item()
            self.margin = min(self.margin, abs(total - self.top_p))
            if total >= self.top_p:
                break
        return chosen

    def weights(self, scores, chosen):
        tempered = torch.tensor(scores) / self.temperature
        if self.renorm_eps == 0.0:
            return torch.softmax(tempered[chosen], 0)
        mass = torch.softmax(tempered, 0)[chosen]
        return mass / (mass.sum() + self.renorm_eps)

    def token(self, path, u, y):
        experts = [expert for expert in self.experts if path in expert.factors]
        if not experts:
            return y
        scores = [(layer_norm(u) @ layer_norm(expert.gates[path]) / math.sqrt(len(u))).item() for expert in experts]
        chosen = self.choose(scores)
        for weight, index in zip(self.weights(scores, chosen), chosen, strict=True):
            y = y + weight * experts[index].update(path, u)
        return y

    def real_tokens(self, path):
        """Rows and positions of the tokens that the linear at `path` sees, pads left out."""
        on_source = path.startswith("encoder.") or path.endswith(("EncDecAttention.k", "EncDecAttention.v"))
        mask = self.batch.attention_mask.bool() if on_source else self.batch.labels >= 0
        return mask.nonzero().tolist()

    def logits(self, model):
        adapted = {path for expert in self.experts for path in expert.factors}

        def hook_of(path):
            if path not in adapted:
                return None

            def hook(u, y):
                y = y.clone()
                for row, position in self.real_tokens(path):
                    y[row, position] = self.token(path, u[row, position], y[row, position])
                return y

            return hook

        with torch.no_grad(), hooked(model, hook_of):
            return self.batch.pack_targets(self.batch.forward(model).logits)
