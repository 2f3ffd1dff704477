"""Times a training step of the model of layers in PyTorch on MQAR: causal read-outs as products of all pairs of tokens (the sum
rule) or with one triangular solve per sequence (the delta rule), logits at the questions alone, AdamW. With one thread; the first
line says which BLAS multiplies, and a line for each step its processor time. A baseline for build/release/bench/micro;
bench/pytorch/compare.py --task mqar runs both in turn.

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


class Mixer(nn.Module):
    """One head, B×T×D."""

    def __init__(self, width, taps, layers, kernel, rule, attention):
        super().__init__()
        self.kernel, self.rule, self.attention, self.taps = KERNELS[kernel], rule, attention, taps
        self.projections = nn.Linear(width, 3 * width, bias=False)
        self.beta = nn.Linear(width, 1) if rule == "delta" else None
        self.conv = nn.Conv1d(3 * width, 3 * width, taps, groups=3 * width, padding=taps - 1, bias=False)
        self.norm, self.out = RmsNorm(width), nn.Linear(width, width, bias=False)
        nn.init.normal_(self.projections.weight, std=0.02)
        nn.init.normal_(self.out.weight, std=0.02 / (2 * layers) ** 0.5)
        nn.init.uniform_(self.conv.weight, -(taps**-0.5), taps**-0.5)
        if self.beta:
            nn.init.normal_(self.beta.weight, std=0.02)
            nn.init.zeros_(self.beta.bias)

    def forward(self, x):
        T = x.shape[1]
        projected = self.conv(self.projections(x).transpose(1, 2))[..., :T].transpose(1, 2)
        q, k, v = projected.chunk(3, dim=-1)
        q, k = self.kernel(q), self.kernel(k)
        scores = torch.tril(q @ k.transpose(1, 2))
        if self.rule == "delta":  # (I + diag(β) strictly lower(K Kᵀ)) U = diag(β) V
            beta = torch.sigmoid(self.beta(x))
            lower = beta * torch.tril(k @ k.transpose(1, 2), -1)
            v = torch.linalg.solve_triangular(lower + torch.eye(T), beta * v, upper=False, unitriangular=True)
        y = scores @ v
        if self.attention:
            y = y / (scores.sum(-1, keepdim=True) + EPSILON)
        return self.out(self.norm(y))


class Model(nn.Module):
    def __init__(self, vocabulary, width, layers, taps, kernel, rule, attention):
        super().__init__()
        self.embedding = nn.Embedding(vocabulary, width)
        nn.init.normal_(self.embedding.weight, std=0.02)
        self.norms = nn.ModuleList(RmsNorm(width) for _ in range(layers))
        self.mixers = nn.ModuleList(Mixer(width, taps, layers, kernel, rule, attention) for _ in range(layers))
        self.norm = RmsNorm(width)

    def forward(self, tokens, rows, columns):
        h = self.embedding(tokens)
        for norm, mixer in zip(self.norms, self.mixers):
            h = h + mixer(norm(h))
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


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kernel", choices=sorted(KERNELS), default="silu_l2")
    parser.add_argument("--rule", choices=["sum", "delta"], default="delta")
    parser.add_argument("--normalization", choices=["none", "attention"], default="none")
    parser.add_argument("--vocabulary", type=int, default=8192)
    parser.add_argument("--width", type=int, default=64)
    parser.add_argument("--layers", type=int, default=2)
    parser.add_argument("--conv", type=int, default=4)
    parser.add_argument("--length", type=int, default=64)
    parser.add_argument("--pairs", type=int, default=4)
    parser.add_argument("--batch", type=int, default=256)
    parser.add_argument("--steps", type=int, default=5)
    parser.add_argument("--learning-rate", type=float, default=0.01)
    a = parser.parse_args()
    if a.rule == "delta" and a.normalization == "attention":
        parser.error("--rule delta has --normalization none here")
    torch.set_num_threads(1)
    torch.manual_seed(1)
    model = Model(a.vocabulary, a.width, a.layers, a.conv, a.kernel, a.rule, a.normalization == "attention")
    optimizer = torch.optim.AdamW(model.parameters(), lr=a.learning_rate, weight_decay=0.1)
    print("BLAS:", blas.describe("libtorch_cpu"), flush=True)
    for step in range(a.steps + 1):  # the first one allocates
        tokens, rows, columns, answers = deal(a.batch, a.length, a.pairs, a.vocabulary)
        start = time.process_time()
        loss = nn.functional.cross_entropy(model(tokens, rows, columns), answers)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step > 0:
            print(f"{time.process_time() - start:.6f} s, loss {loss.item():.4f}", flush=True)


if __name__ == "__main__":
    main()
