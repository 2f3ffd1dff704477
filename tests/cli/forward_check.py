"""Recomputes the outputs of every saved episode from the saved parameters, by the definitions, in float64.

    forward_check.py ROWS.csv MODELS EPISODES

A point's arrays are in the directory named by its columns, NAME=VALUE,NAME=VALUE.
"""

import csv
import sys
from pathlib import Path

import numpy as np

TOLERANCE = 1e-4  # of outputs of size ~1 in float32, through exponents of size up to ~30


def load(directory):
    return {file.stem: np.load(file).astype(np.float64) for file in directory.glob("*.npy")}


def features(x, row, omega, model):
    """x: d×n → p×n."""
    name, _, argument = row["kernel"].partition(":")
    if name == "elu":
        return np.where(x > 0, x + 1, np.exp(np.minimum(x, 0)))
    if name == "dpfp":
        r = np.concatenate([np.maximum(x, 0), np.maximum(-x, 0)])
        return np.concatenate([r * np.roll(r, j, axis=0) for j in range(1, int(argument) + 1)])
    if name in ("favor", "favor_onesided"):
        if row["scale"] == "d^-1/4":
            x = x * len(x) ** -0.25
        h, half = omega.T @ x, (x * x).sum(axis=0) / 2
        parts = [np.exp(h - half)] + ([np.exp(-h - half)] if name == "favor" else [])
        return np.concatenate(parts) / np.sqrt(len(parts) * int(argument))
    if name == "hedgehog":
        y = 2 * (model["kernel_A"] @ x + model["kernel_b"].reshape(-1, 1))
        e = np.exp(np.concatenate([y, -y]) - np.abs(y).max(axis=0))
        return e / e.sum(axis=0)
    raise SystemExit(f"no definition of kernel {row['kernel']} here")


def keys_and_queries(row, model, keys, values, asked):
    """K: d×L, Q: d×N."""
    if row["model"] == "table":
        return model["keys"][keys].T, model["queries"][asked].T
    S = int(row["S"])
    E = model["E"]  # S×e, a row a key
    assert E.shape == (S, S * 22 // 10), E.shape
    x = np.concatenate([np.eye(S)[values], E[keys]], axis=1)  # L×(S+e)
    return model["W_k"] @ x.T + model["b_k"].reshape(-1, 1), model["W_q"] @ E[asked].T + model["b_q"].reshape(-1, 1)


def strengths(row, model, keys, values):
    """β of every write; 1 of a rule without one."""
    if row["rule"] in ("", "sum"):
        return np.ones(len(keys))
    S = int(row["S"])
    x = np.concatenate([np.eye(S)[values], model["E"][keys]], axis=1)
    return 1 / (1 + np.exp(-(x @ model["W_beta"].reshape(-1) + model["b_beta"].item())))


def answer(row, K, Q, V, beta, omega, model):
    """Y: S×N from V: S×L."""
    if row["memory"] == "softmax":
        logits = K.T @ Q / np.sqrt(len(K))
        C = np.exp(logits - logits.max(axis=0))
        return V @ (C / C.sum(axis=0))
    k, q = features(K, row, omega, model), features(Q, row, omega, model)
    if row["normalization"] == "sum":
        k, q = k / k.sum(axis=0), q / (q.sum(axis=0) + 1e-6)
    W, z = np.zeros((len(V), len(k))), np.zeros(len(k))
    for t in range(K.shape[1]):
        retrieved = W @ k[:, t] if row["rule"] == "delta" else 0
        if row["normalization"] == "attention" and t > 0:
            retrieved = retrieved / (z @ k[:, t] + 1e-6)
        W += beta[t] * np.outer(V[:, t] - retrieved, k[:, t])
        z += k[:, t]
    return W @ q / (z @ q + 1e-6) if row["normalization"] == "attention" else W @ q


def point_directory(root, row):
    """The one whose name fits the row in the most columns: a column at its default is not in a name."""
    fitting = {}
    for directory in root.iterdir():
        parts = dict(part.split("=", 1) for part in directory.name.split(","))
        if all(row[name].replace("/", "_") == value for name, value in parts.items() if name in row):
            fitting[directory] = len(parts)
    assert fitting, f"{root}: no directory of this point"
    return max(fitting, key=fitting.get)


def check(row, models, episodes):
    model = load(point_directory(models, row))
    directory = point_directory(episodes, row)
    losses = []
    numbers = sorted({file.name.split("_")[0] for file in directory.glob("*_outputs.npy")})
    assert len(numbers) == 20, f"{len(numbers)} episodes"
    for number in numbers:
        get = lambda what: np.load(directory / f"{number}_{what}.npy")
        omega_file = directory / f"{number}_omega.npy"
        omega = np.load(omega_file).astype(np.float64) if omega_file.exists() else None
        keys, values, asked, targets, outputs = map(get, ["keys", "values", "queries", "targets", "outputs"])
        last = {key: value for key, value in zip(keys, values)}
        assert all(last[key] == target for key, target in zip(asked, targets)), "a target is not the last value"
        S = int(row["S"])
        K, Q = keys_and_queries(row, model, keys, values, asked)
        Y = answer(row, K, Q, np.eye(S)[values].T, strengths(row, model, keys, values), omega, model)
        assert outputs.shape == Y.shape, (outputs.shape, Y.shape)
        off = np.abs(outputs - Y).max()
        assert off <= TOLERANCE * max(1, np.abs(Y).max()), f"outputs differ by {off}"
        C = get("coefficients").astype(np.float64)
        assert C.shape == (len(keys), len(asked)), C.shape
        off = np.abs(np.eye(S)[values].T @ C - outputs).max()
        assert off <= TOLERANCE * max(1, np.abs(C).max()), f"outputs differ from V C by {off}"
        losses.append(0.5 * ((np.eye(S)[targets].T - Y) ** 2).sum(axis=0))
    if row["evaluation"] == "exact":
        loss, reported = np.concatenate(losses).mean(), float(row["final_loss"])
        assert abs(loss - reported) <= TOLERANCE * max(1, loss), f"final_loss {reported}, in numpy {loss}"


def main():
    rows, models, episodes = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
    checked = 0
    with open(rows, newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            if row["status"] != "ok":
                continue
            try:
                check(row, models, episodes)
            except AssertionError as error:
                raise SystemExit(f"{row['memory']} {row['kernel']} {row['normalization']}: {error}")
            checked += 1
    if not checked:
        raise SystemExit(f"{rows}: no point to check")


main()
