"""Ratio of a training step's processor time in PyTorch (training_step.py) to that of build/release/bench/micro, the two
run in turn on one core of the same machine. Needs PyTorch: scripts/setup.sh python3-torch.

    scripts/setup.sh python3-torch
    cmake --build --preset release --target micro
    /usr/bin/python3 bench/pytorch/compare.py --rule delta --kernel dpfp:1 --S 200
"""
import argparse
import json
import os
import statistics
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
MICRO = os.path.join(HERE, "..", "..", "build", "release", "bench", "micro")


def ours(name):
    """Seconds a step, of the one benchmark of that name."""
    result = subprocess.run([MICRO, f"--benchmark_filter=^{name}$", "--benchmark_format=json", "--benchmark_min_time=1"],
                            capture_output=True, text=True, check=True)
    found = json.loads(result.stdout[result.stdout.index("{"):])["benchmarks"]
    if not found:
        sys.exit(f"compare.py: micro has no benchmark '{name}'")
    assert found[0]["time_unit"] == "us"
    return found[0]["cpu_time"] * 1e-6


def theirs(arguments):
    """Seconds a step, median of a few."""
    command = [sys.executable, os.path.join(HERE, "training_step.py"), "--rule", arguments.rule, "--kernel",
               arguments.kernel, "--S", str(arguments.S)]
    lines = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout.splitlines()
    return statistics.median(float(line.split()[0]) for line in lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rule", choices=["sum", "delta"], default="delta")
    parser.add_argument("--kernel", default="dpfp:1", help="elu or dpfp:1; with --rule sum also dpfp:3")
    parser.add_argument("--S", type=int, default=200, help="a size that micro times (default: %(default)s)")
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    if not os.path.exists(MICRO):
        sys.exit(f"compare.py: no '{os.path.relpath(MICRO)}'; build it: cmake --build --preset release --target micro")

    name = f"training_step/published/{'delta.' if arguments.rule == 'delta' else ''}{arguments.kernel}/S:{arguments.S}"
    ratios = []
    for _ in range(arguments.rounds):
        here, there = ours(name), theirs(arguments)
        ratios.append(there / here)
        print(f"PyTorch {there:.3f} s, here {here * 1e3:.3f} ms: ratio {ratios[-1]:.0f}", flush=True)
    print(f"median ratio {statistics.median(ratios):.0f}, from {min(ratios):.0f} to {max(ratios):.0f}")


if __name__ == "__main__":
    main()
