"""Times a training step of the model of layers in PyTorch: causal read-outs as products of all pairs of tokens (softmax and the
sum rule) or with one triangular solve per sequence (the delta rule), AdamW. On MQAR with logits at the questions alone; of a text
(random bytes in its place) with SwiGLU, logits at every token, and gradients clipped. With one thread; the first line says which
BLAS multiplies, and a line for each step its processor time. A baseline for build/release/bench/micro; bench/pytorch/compare.py
--task mqar or text runs both in turn.

Source: Arora et al. 2023 (arXiv 2312.04927) for the task and the stack; Katharopoulos et al. 2020 (arXiv 2006.16236) and Yang et
al. 2024 (arXiv 2406.06484), section 3, for the read-outs.
"""
import argparse
import time

import blas

blas.use_one_thread()  # read when PyTorch loads its libraries

import torch
from torch import nn

EPSILON = 1e-6


class RmsNorm(nn.Module):
    def __init__(self, size):
        super().__init__()
        self.gain = nn.Parameter(torch.ones(size))

    def forward(self, x):
        return self.gain * x * torch.rsqrt(x.square().mean(-1, keepdim=True) + EPSILON)


def elu(x):
    return nn.functional.elu(x) + 1


def silu_l2(x):
    x = nn.functional.silu(x)
    return x * torch.rsqrt(x.square().sum(-1, keepdim=True) + EPSILON)


KERNELS = {"elu": elu, "silu_l2": silu_l2, "identity": lambda x: x}


class SwiGlu(nn.Module):
    def __init__(self, width):
        super().__init__()
        inner = 8 * width // 3
        self.gate, self.up = nn.Linear(width, inner, bias=False), nn.Linear(width, inner, bias=False)
        self.down = nn.Linear(inner, width, bias=False)
        for linear in (self.gate, self.up, self.down):
            nn.init.normal_(linear.weight, std=0.02)

    def forward(self, x):
        return self.down(nn.functional.silu(self.gate(x)) * self.up(x))


class Mixer(nn.Module):
    """B×T×D; heads share the width."""

    def __init__(self, width, heads, taps, layers, kernel, rule, attention):
        super().__init__()
        self.kernel, self.rule, self.attention, self.taps = KERNELS[kernel], rule, attention, taps
        self.heads = heads
        self.projections = nn.Linear(width, 3 * width, bias=False)
        self.beta = nn.Linear(width, heads) if rule == "delta" else None
        self.conv = nn.Conv1d(3 * width, 3 * width, taps, groups=3 * width, padding=taps - 1, bias=False)
        self.norm, self.out = RmsNorm(width // heads), nn.Linear(width, width, bias=False)
        nn.init.normal_(self.projections.weight, std=0.02)
        nn.init.normal_(self.out.weight, std=0.02 / (2 * layers) ** 0.5)
        nn.init.uniform_(self.conv.weight, -(taps**-0.5), taps**-0.5)
        if self.beta:
            nn.init.normal_(self.beta.weight, std=0.02)
            nn.init.zeros_(self.beta.bias)

    def forward(self, x):
        B, T, D = x.shape
        projected = self.conv(self.projections(x).transpose(1, 2))[..., :T].transpose(1, 2)
        q, k, v = (part.reshape(B, T, self.heads, -1).transpose(1, 2) for part in projected.chunk(3, dim=-1))  # B×H×T×d
        if self.rule == "softmax":
            hidden = torch.ones(T, T, dtype=torch.bool).triu(1)
            scores = (q @ k.transpose(-1, -2) / q.shape[-1] ** 0.5).masked_fill(hidden, -torch.inf).softmax(-1)
        else:
            q, k = self.kernel(q), self.kernel(k)
            scores = torch.tril(q @ k.transpose(-1, -2))
        if self.rule == "delta":  # (I + diag(β) strictly lower(K Kᵀ)) U = diag(β) V
            beta = torch.sigmoid(self.beta(x)).transpose(1, 2).unsqueeze(-1)
            lower = beta * torch.tril(k @ k.transpose(-1, -2), -1)
            v = torch.linalg.solve_triangular(lower + torch.eye(T), beta * v, upper=False, unitriangular=True)
        y = scores @ v
        if self.attention and self.rule != "softmax":
            y = y / (scores.sum(-1, keepdim=True) + EPSILON)
        return self.out(self.norm(y).transpose(1, 2).reshape(B, T, D))


class Model(nn.Module):
    def __init__(self, vocabulary, width, heads, layers, taps, kernel, rule, attention, mlp):
        super().__init__()
        self.embedding = nn.Embedding(vocabulary, width)
        nn.init.normal_(self.embedding.weight, std=0.02)
        blocks = [lambda: Mixer(width, heads, taps, layers, kernel, rule, attention)] + ([lambda: SwiGlu(width)] if mlp else [])
        self.blocks = nn.ModuleList(block() for _ in range(layers) for block in blocks)
        self.norms = nn.ModuleList(RmsNorm(width) for _ in self.blocks)
        self.norm = RmsNorm(width)

    def forward(self, tokens, rows, columns):
        h = self.embedding(tokens)
        for norm, block in zip(self.norms, self.blocks):
            h = h + block(norm(h))
        return self.norm(h[rows, columns]) @ self.embedding.weight.T


def deal(batch, length, pairs, vocabulary):
    """Tokens B×T, and of each question its row, column and answer."""
    tokens = torch.zeros(batch, length, dtype=torch.long)
    rows, columns, answers = [], [], []
    weights = torch.arange(1, (length - 2 * pairs) // 2 + 1, dtype=torch.double) ** (0.01 - 1)
    for b in range(batch):
        keys = 1 + torch.randperm(vocabulary // 2 - 1)[:pairs]
        values = vocabulary // 2 + torch.randperm(vocabulary // 2)[:pairs]
        tokens[b, : 2 * pairs : 2], tokens[b, 1 : 2 * pairs : 2] = keys, values
        at = 2 * pairs + 2 * torch.multinomial(weights, pairs)
        tokens[b, at] = keys
        rows.append(torch.full((pairs,), b))
        columns.append(at)
        answers.append(values)
    return tokens, torch.cat(rows), torch.cat(columns), torch.cat(answers)


def deal_text(batch, length, vocabulary):
    """The same of segments that ask at every token for the next; what they say is nothing to a step's time."""
    text = torch.randint(vocabulary, (batch, length + 1))
    rows, columns = torch.arange(batch).repeat_interleave(length), torch.arange(length).repeat(batch)
    return text[:, :-1], rows, columns, text[:, 1:].flatten()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--task", choices=["mqar", "text"], default="mqar")
    parser.add_argument("--kernel", choices=sorted(KERNELS), default="silu_l2")
    parser.add_argument("--rule", choices=["sum", "delta", "softmax"], default="delta")
    parser.add_argument("--normalization", choices=["none", "attention"], default="none")
    parser.add_argument("--steps", type=int, default=5)
    sizes = {"vocabulary": (8192, 256), "width": (64, 128), "heads": (1, 4), "layers": (2, 4), "conv": (4, 4),
             "length": (64, 256), "pairs": (4, None), "batch": (256, 8)}
    for name, defaults in sizes.items():
        parser.add_argument(f"--{name}", type=int, help="default: {}; of a text {}".format(*defaults))
    parser.add_argument("--learning-rate", type=float, default=0.01)
    a = parser.parse_args()
    for name, defaults in sizes.items():
        if getattr(a, name) is None:
            setattr(a, name, defaults[a.task == "text"])
    if a.rule == "delta" and a.normalization == "attention":
        parser.error("--rule delta has --normalization none here")
    torch.set_num_threads(1)
    torch.manual_seed(1)
    model = Model(a.vocabulary, a.width, a.heads, a.layers, a.conv, a.kernel, a.rule, a.normalization == "attention",
                  mlp=a.task == "text")
    optimizer = torch.optim.AdamW(model.parameters(), lr=a.learning_rate, weight_decay=0.1)
    print("BLAS:", blas.describe("libtorch_cpu"), flush=True)
    for step in range(a.steps + 1):  # the first one allocates
        tokens, rows, columns, answers = (deal_text(a.batch, a.length, a.vocabulary) if a.task == "text" else
                                          deal(a.batch, a.length, a.pairs, a.vocabulary))
        start = time.process_time()
        loss = nn.functional.cross_entropy(model(tokens, rows, columns), answers)
        optimizer.zero_grad()
        loss.backward()
        if a.task == "text":
            nn.utils.clip_grad_norm_(model.parameters(), 1)
        optimizer.step()
        if step > 0:
            print(f"{time.process_time() - start:.6f} s, loss {loss.item():.4f}", flush=True)


if __name__ == "__main__":
    main()
