"""Rows of small results and capacities of tasks of tokens, as the programs write them."""


def memory(name):
    """`softmax`, `window:8`, or kernel and rule, `elu sum`, with a normalisation as a third."""
    if " " not in name:
        return {"memory": name, "kernel": "", "rule": "", "normalization": ""}
    kernel, rule, *normalization = name.split(" ")
    return {"memory": "fast_weight", "kernel": kernel, "rule": rule,
            "normalization": (normalization or ["attention" if rule == "sum" else "none"])[0]}


def point(name, width=16, pairs=4, rate=0.01, seed=1, **changes):
    """A row of results."""
    row = {"task": "mqar", "vocabulary": 256, "pairs": pairs, "train_pairs": pairs, "test_pairs": pairs, "length": 64,
           "test_length": 64, **memory(name), "key_dim": width, "feature_dim": width if " " in name else "",
           "model": "sequence", "layers": 2, "width": width, "heads": 1, "conv": 4, "learning_rate": rate, "seed": seed,
           "status": "ok", "steps": 100, "steps_to_target": 100, "accuracy": 0.995, "state_floats": 2 * width * width,
           "max_steps": 300, "target_accuracy": 0.99}
    row.update(changes)
    return row


def capacity(name, width=16, pairs=8, **changes):
    """A row of what `capacity` makes of them."""
    row = {"task": "mqar", "vocabulary": 256, "length": 64, **memory(name), "key_dim": width,
           "feature_dim": width if " " in name else "", "model": "sequence", "layers": 2, "width": width, "heads": 1,
           "learning_rate": 0.01, "criterion": "accuracy >= 0.99", "seeds": 3, "capacity": pairs, "capacity_low": 0.8 * pairs,
           "capacity_high": 1.25 * pairs, "censored": "", "bimodal": "false", "state_floats": 2 * width * width}
    row.update(changes)
    return row
