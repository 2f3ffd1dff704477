"""Small directories of results, as the programs write them, for tests of the page."""

import os

from token_rows import capacity as capacity_of_tokens
from token_rows import point as point_of_tokens

PROVENANCE = """
[[run]]
command = "sweep {name} --quick"
revision = "0123456789ab"
compiler = "GNU 12.2.0"
cpu = "a processor"
start = 2026-01-02T03:04:05Z
"""


def pairs(kernel="elu", rule="sum", normalization="attention", S=100, seed=1, **changes):
    """A row of results of associative retrieval."""
    fast = bool(kernel)
    row = {"task": "associative_retrieval", "S": S, "L": S, "replacement": "false", "memory": "fast_weight" if fast else "softmax",
           "kernel": kernel, "key_dim": 64, "feature_dim": 64 if fast else "", "redraw": "", "scale": "", "rule": rule if fast else "",
           "normalization": normalization if fast else "", "model": "published", "evaluation": "exact", "seed": seed,
           "status": "ok", "reason": "cooldown", "steps": 500, "final_loss": 0.25, "accuracy": 0.5, "bound": 0.1, "excess": 0.15,
           "last_loss": 0.26, **{f"loss_age_{i}": 0.1 * i for i in (1, 2, 3, 4)},
           **{f"loss_overwrites_{i}": 0.1 for i in (0, 1, 2, 3)}}
    row.update(changes)
    return row


def held(kernel="elu", rule="sum", normalization="attention", capacity=40, **changes):
    """A row of what `capacity` makes of them."""
    row = {key: value for key, value in pairs(kernel, rule, normalization).items()
           if key in ("task", "memory", "kernel", "key_dim", "feature_dim", "redraw", "scale", "rule", "normalization", "model")}
    row.update({"criterion": "final_loss <= 0.001", "capacity": capacity, "capacity_low": "", "capacity_high": "", "censored": "",
                "bimodal": "false", "limit": 64, "capacity_per_feature": float(capacity) / 64, "state_floats": 4096,
                "associations_per_float": float(capacity) / 4096, "bits_per_float": 0.05, "loss_at_twice": 0.2})
    row.update(changes)
    return row


def recalled(name, pairs, **changes):
    """A row of capacities of a sequence model."""
    return capacity_of_tokens(name, pairs=pairs, associations_per_float=pairs / 512, **changes)


def token(name, **changes):
    return point_of_tokens(name, **changes)


def write_directory(case, folder, memories, **files):
    """A directory of memories.capacity.csv, capacity.csv with its times, overwrite.csv and mqar.capacity.csv; `memories` are
    (kernel, rule, normalization, keys, loss, pairs). Other files by name, rows each; returns its path."""
    def write(name, rows):
        case.write(rows, os.path.join(folder, name))

    write("memories.capacity.csv", [held(*memory[:3], capacity=memory[3]) for memory in memories])
    points = [pairs(*memory[:3], S=S, final_loss=memory[4]) for memory in memories for S in (20, 100)]
    write("capacity.csv", points)
    write("capacity.timings.csv", [{**row, "seconds": 2} for row in points])
    write("overwrite.csv", [pairs(*memory[:3], S=60, L=120, replacement="true", final_loss=memory[4]) for memory in memories])
    write("mqar.capacity.csv", [recalled(" ".join(memory[:3]) if memory[0] else "softmax", memory[5]) for memory in memories])
    for name, rows in files.items():
        write(name + ".csv", rows)
    directory = os.path.join(case.directory, folder)
    for name in ("memories", "capacity", "overwrite", "mqar"):
        with open(os.path.join(directory, name + ".provenance.toml"), "w", encoding="utf-8") as file:
            file.write(PROVENANCE.format(name=name))
    return directory
