"""Recomputes the outputs of every saved episode from the saved parameters, by the definitions, in float64.

    forward_check.py ROWS.csv MODELS EPISODES

A point's arrays are in the directory named by its columns, NAME=VALUE,NAME=VALUE.
"""

import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[2] / "plots"))
sys.dont_write_bytecode = True
import results

TOLERANCE = 1e-4  # of outputs of size ~1 in float32, through exponents of size up to ~30


def load(directory):
    return {file.stem: np.load(file).astype(np.float64) for file in directory.glob("*.npy")}


def features(x, row, omega, model):
    """x: d×n → p×n."""
    name, _, argument = row["kernel"].partition(":")
    if name == "relu":
        return np.maximum(x, 0)
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


EPSILON = 1e-6  # of read-outs and of normalised queries
RIDGE = 1e-6    # λ of rls


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def steps(row):
    """n, keys and strengths of a write."""
    name, _, argument = row["rule"].partition(":")
    return int(argument) if name == "delta_product" else 1


def tokens(row, model, keys, values):
    """[v; E(key)] of every write: L×(S+e)."""
    return np.concatenate([np.eye(int(row["S"]))[values], model["E"][keys]], axis=1)


def keys_and_queries(row, model, keys, values, asked):
    """K: d×nL, the n keys of a write beside each other; Q: d×N."""
    n, d = steps(row), int(row["key_dim"])
    if row["model"] in ("table", "table_shared"):
        K = model["keys"][keys].reshape(len(keys) * n, d).T
        if row["model"] == "table":
            return K, model["queries"][asked].T
        return K, model["keys"][asked].reshape(len(asked), n, d).mean(axis=1).T
    S = int(row["S"])
    E = model["E"]  # S×e, a row a key
    assert E.shape == (S, S * 22 // 10), E.shape
    K = model["W_k"] @ tokens(row, model, keys, values).T + model["b_k"].reshape(-1, 1)  # nd×L
    return K.T.reshape(len(keys) * n, d).T, model["W_q"] @ E[asked].T + model["b_q"].reshape(-1, 1)


def gate(name, start, largest, row, model, keys, values):
    """A gate of every write (step): nL×width, one number or one per feature; 1 of a rule without it."""
    writes = steps(row) * len(keys)
    if row.get(name) not in (None, "", "learnt"):
        return np.full((writes, 1), float(row[name]))
    if name in model:  # a table of logits, which began at `start`
        return largest * sigmoid(model[name][keys].reshape(writes, -1))
    if f"W_{name}" not in model:
        return np.ones((writes, 1))
    W, b = model[f"W_{name}"], model[f"b_{name}"].reshape(-1)
    return largest * sigmoid((tokens(row, model, keys, values) @ W.T + b + start).reshape(writes, -1))


def gates_of(row, model, keys, values):
    """By name; those that all writes share are as they were learnt."""
    largest = float(row["largest_beta"] or 1)
    gates = {name: gate(name, 6 if name == "alpha" else 0, largest if name == "beta" else 1, row, model, keys, values)
             for name in ("beta", "alpha", "erase", "write", "rate", "theta", "eta")}
    constants = {name: model[name].reshape(-1) for name in ("c", "xi", "zeta") if name in model}
    if row["rule"] == "mesa":
        learnt = 0.25 + np.log1p(np.exp(model["ridge"].reshape(-1))) if row["ridge"] == "learnt" else None
        constants["ridge"] = float(row["ridge"]) if learnt is None else learnt
    return gates, constants


def normalised(phi, row, epsilon):
    """Keys (epsilon 0) or queries: p×n → p×n."""
    name = row["normalization"]
    if name in ("sum", "sum+attention"):
        return phi / (phi.sum(axis=0) + epsilon)
    if name in ("sum_of_squares", "sum_of_squares+attention"):
        return phi**2 / ((phi**2).sum(axis=0) + epsilon)
    if name == "centered_l2":
        phi = phi - phi.mean(axis=0)
    return phi / (np.linalg.norm(phi, axis=0) + epsilon) if name in ("l2", "l2+attention", "centered_l2") else phi


def answer(row, K, Q, V, gates, constants, omega, model):
    """Y: S×N from V: S×nL."""
    if row["memory"] != "fast_weight":
        kept = int(row["memory"].partition(":")[2] or V.shape[1])
        K, V = K[:, -kept:], V[:, -kept:]
        logits = K.T @ Q / np.sqrt(len(K))
        C = np.exp(logits - logits.max(axis=0))
        return V @ (C / C.sum(axis=0))
    k, q = normalised(features(K, row, omega, model), row, 0), normalised(features(Q, row, omega, model), row, EPSILON)
    rule, divides = row["rule"].partition(":")[0], row["normalization"].endswith("attention")
    if rule == "rls":
        return V @ k.T @ np.linalg.solve(k @ k.T + RIDGE * np.eye(len(k)), q)
    W, z = np.zeros((len(V), len(k))), np.zeros(len(k))
    G, M = np.zeros((len(k), len(k))), np.zeros_like(W)
    for t in range(K.shape[1]):
        at = {name: values[t] for name, values in gates.items()}
        beta, alpha, key = at["beta"], at["alpha"], k[:, t]
        divisor = z @ key + EPSILON if divides and t > 0 else 1
        if rule == "mesa":
            G = alpha * G + beta * np.outer(key, key)
            W = alpha * W + beta * np.outer(V[:, t], key)
        elif rule == "momentum_delta":
            M = at["eta"] * M - at["theta"] * np.outer(W @ key / divisor - V[:, t], key)
            W = alpha * W + M
        elif rule == "rwkv7":
            unit = constants["xi"] * key
            unit = unit / np.linalg.norm(unit)
            W = W * alpha - np.outer(W @ unit, at["rate"] * unit) + np.outer(
                V[:, t], key * (1 + (at["rate"] - 1) * constants["zeta"]))
        else:
            strength = beta / (1 + beta * key @ key) if rule == "longhorn" else beta
            W = W * alpha
            removed = key * at["erase"] if rule == "gated_delta2" else constants.get("c", 1) * strength * key
            retrieved = W @ removed / divisor if rule not in ("sum", "decay", "gla") else 0
            W += np.outer((at["write"] if rule == "gated_delta2" else strength) * V[:, t] - retrieved, key)
        if rule == "fwm2021" and t > 0:
            W /= max(1, np.linalg.norm(W))
        z += k[:, t]
    Y = W @ (np.linalg.solve(G + np.diag(np.full(len(k), constants["ridge"])), q) if rule == "mesa" else q)
    if rule == "fwm2021":
        return (Y - Y.mean(axis=0)) / np.sqrt(Y.var(axis=0) + 1e-5)
    return Y / (z @ q + EPSILON) if divides else Y


def saved(row, directory):
    found = results.saved_of(row, directory)
    assert found, f"{directory}: no directory of this point"
    return Path(found)


def check(row, models, episodes):
    """How many queries were tied."""
    model, directory = load(saved(row, models)), saved(row, episodes)
    losses, right, betas, alphas, tied = [], [], [], [], 0
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
        gates, constants = gates_of(row, model, keys, values)
        betas.append(gates["beta"].ravel())
        alphas.append(gates["alpha"].ravel())
        V = np.eye(S)[np.repeat(values, steps(row))].T
        Y = answer(row, K, Q, V, gates, constants, omega, model)
        assert outputs.shape == Y.shape, (outputs.shape, Y.shape)
        off = np.abs(outputs - Y).max()
        assert off <= TOLERANCE * max(1, np.abs(Y).max()), f"outputs differ by {off}"
        if row["rule"] != "fwm2021":
            C = get("coefficients").astype(np.float64)
            assert C.shape == (V.shape[1], len(asked)), C.shape
            off = np.abs(V @ C - outputs).max()
            assert off <= TOLERANCE * max(1, np.abs(C).max()), f"outputs differ from V C by {off}"
        others = np.where(np.eye(S)[targets].T, -np.inf, outputs).max(axis=0)
        given = outputs[targets, np.arange(len(targets))]
        right.append(given > others)
        tied += (given == others).sum()
        losses.append(0.5 * ((np.eye(S)[targets].T - Y) ** 2).sum(axis=0))
    if row["evaluation"] == "exact":
        loss, reported = np.concatenate(losses).mean(), float(row["final_loss"])
        assert abs(loss - reported) <= TOLERANCE * max(1, loss), f"final_loss {reported}, in numpy {loss}"
    # Counts, and sums of numbers that were averaged in double.
    assert abs(np.concatenate(right).mean() - float(row["accuracy"])) < 1e-12, f"accuracy {row['accuracy']}"
    for name, gates in (("mean_beta", betas), ("mean_alpha", alphas)):
        if row[name]:
            mean = np.concatenate(gates).mean()
            assert abs(mean - float(row[name])) <= 1e-5, f"{name} {row[name]}, in numpy {mean}"
    return tied


def main():
    models, episodes = Path(sys.argv[2]), Path(sys.argv[3])
    checked = tied = 0
    for row in results.read_csv(sys.argv[1], ["status", "final_loss", "accuracy"]):
        if row.status() != "ok":
            continue
        try:
            tied += check(row, models, episodes)
        except AssertionError as error:
            raise SystemExit(f"{row['memory']} {row['kernel']} {row['rule']} {row['normalization']} {row['model']}: {error}")
        checked += 1
    if not checked:
        raise SystemExit(f"{sys.argv[1]}: no point to check")
    print(f"{checked} points, {tied} queries tied")


main()
