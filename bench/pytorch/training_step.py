"""Times a training step of the published mini-model in PyTorch, written as the 2021 paper describes it: tokens
x = [v; E(key)] are formed, keys are projected, every write changes the state W, and autograd does the rest. With one thread;
the first line says which BLAS multiplies, and a line for each step its processor time. A baseline for the training_step rows
of build/release/bench/micro; bench/pytorch/compare.py runs both in turn.

Source: Schlag, Irie, Schmidhuber 2021 (arXiv 2102.11174), sections 4 and 6.1.
"""
import argparse
import time

import blas

blas.use_one_thread()  # read when PyTorch loads its libraries

import torch
from torch import nn

EPSILON = 1e-6
BATCH, KEY_DIM = 32, 64


def elu(x):
    return nn.functional.elu(x) + 1


def dpfp(x, nu):
    r = torch.cat([torch.relu(x), torch.relu(-x)], dim=-1)
    return torch.cat([r * r.roll(j, dims=-1) for j in range(1, nu + 1)], dim=-1)


KERNELS = {"elu": elu, "dpfp:1": lambda x: dpfp(x, 1), "dpfp:2": lambda x: dpfp(x, 2), "dpfp:3": lambda x: dpfp(x, 3)}


class Model(nn.Module):
    def __init__(self, S, kernel):
        super().__init__()
        e = S * 22 // 10
        self.S, self.kernel = S, KERNELS[kernel]
        self.embedding = nn.Embedding(S, e)
        self.to_k, self.to_q, self.to_beta = nn.Linear(S + e, KEY_DIM), nn.Linear(e, KEY_DIM), nn.Linear(S + e, 1)
        for projection in (self.to_k, self.to_q):
            nn.init.uniform_(projection.weight, -(KEY_DIM**-0.5), KEY_DIM**-0.5)

    def tokens(self, keys, values):
        v = nn.functional.one_hot(values, self.S).float()
        x = torch.cat([v, self.embedding(keys)], dim=-1)
        return x, v

    def sum_with_attention(self, keys, values, query):
        """y = W q/(z·q + ε), W = Σ v kᵀ, z = Σ k: all writes in one product."""
        x, v = self.tokens(keys, values)
        k, q = self.kernel(self.to_k(x)), self.kernel(self.to_q(self.embedding(query)))
        W = torch.einsum("blv,blp->bvp", v, k)
        z = k.sum(1)
        return torch.einsum("bvp,bp->bv", W, q) / ((z * q).sum(-1, keepdim=True) + EPSILON)

    def delta_with_sum(self, keys, values, query):
        """W ← W + β (v − W k) kᵀ write by write, k and q divided by their sums."""
        x, v = self.tokens(keys, values)
        k, q = self.kernel(self.to_k(x)), self.kernel(self.to_q(self.embedding(query)))
        k, q = k / k.sum(-1, keepdim=True), q / (q.sum(-1, keepdim=True) + EPSILON)
        beta = torch.sigmoid(self.to_beta(x))
        W = torch.zeros(keys.shape[0], self.S, k.shape[-1])
        for t in range(keys.shape[1]):
            old = torch.einsum("bvp,bp->bv", W, k[:, t])
            W = W + torch.einsum("bv,bp->bvp", beta[:, t] * (v[:, t] - old), k[:, t])
        return torch.einsum("bvp,bp->bv", W, q)


def deal(S, rule):
    """Keys, values (B×L), one key asked, and its last value."""
    if rule == "sum":
        keys = torch.stack([torch.randperm(S) for _ in range(BATCH)])
        values = torch.stack([torch.randperm(S) for _ in range(BATCH)])
    else:
        keys, values = torch.randint(S, (BATCH, 2 * S)), torch.randint(S, (BATCH, 2 * S))
    query = keys.gather(1, torch.randint(keys.shape[1], (BATCH, 1))).squeeze(1)
    last = keys.shape[1] - 1 - (keys.flip(1) == query[:, None]).int().argmax(1, keepdim=True)
    return keys, values, query, values.gather(1, last).squeeze(1)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rule", choices=["sum", "delta"], default="delta",
                        help="sum: setting 1 (L = S, attention normalisation); delta: setting 2 (L = 2S, sum normalisation)")
    parser.add_argument("--kernel", choices=KERNELS, default="dpfp:1")
    parser.add_argument("--S", type=int, default=200, help="distinct keys")
    parser.add_argument("--steps", type=int, default=3, help="steps timed, after one that is not")
    arguments = parser.parse_args()
    for name in ("S", "steps"):
        if getattr(arguments, name) < 1:
            parser.error(f"--{name} {getattr(arguments, name)}: must be at least 1")

    torch.set_num_threads(1)
    print("BLAS:", blas.describe("libtorch_cpu"), flush=True)
    torch.manual_seed(1)
    model = Model(arguments.S, arguments.kernel)
    answer = model.sum_with_attention if arguments.rule == "sum" else model.delta_with_sum
    adam = torch.optim.Adam(model.parameters(), lr=1e-3)
    for step in range(arguments.steps + 1):
        start = time.process_time()
        keys, values, query, target = deal(arguments.S, arguments.rule)
        wanted = nn.functional.one_hot(target, arguments.S).float()
        loss = 0.5 * (wanted - answer(keys, values, query)).square().sum(-1).mean()
        adam.zero_grad()
        loss.backward()
        adam.step()
        if step > 0:
            print(f"{time.process_time() - start:.6f} s, loss {loss.item():.4f}", flush=True)


if __name__ == "__main__":
    main()
