"""Ratio of a training step's processor time in PyTorch (training_step.py, of --task mqar or text sequence_step.py) to that of
build/release/bench/micro, the two run in turn on one core of the same machine, and the BLAS that PyTorch multiplies with.
Installs Debian's PyTorch and OpenBLAS if they are missing: without the second, PyTorch has the reference BLAS, which is some ten
times as slow. Of mqar and text, PyTorch's memory is kept by its allocator and not given back to the system at every step.

    cmake --build --preset release --target micro
    /usr/bin/python3 bench/pytorch/compare.py --rule delta --kernel dpfp:1 --S 200
    /usr/bin/python3 bench/pytorch/compare.py --task mqar --kernel silu_l2 --rule delta --rounds 5
"""
import argparse
import json
import os
import statistics
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.join(HERE, "..", "..")
MICRO = os.path.join(ROOT, "build", "release", "bench", "micro")


def ours(name):
    """Seconds a step, of the one benchmark of that name."""
    result = subprocess.run([MICRO, f"--benchmark_filter=^{name}$", "--benchmark_format=json", "--benchmark_min_time=1"],
                            capture_output=True, text=True, check=True)
    start = result.stdout.find("{")
    found = json.loads(result.stdout[start:])["benchmarks"] if start >= 0 else []
    if not found:
        sys.exit(f"compare.py: micro has no benchmark '{name}'")
    assert found[0]["time_unit"] == "us"
    return found[0]["cpu_time"] * 1e-6


def theirs(arguments):
    """Seconds a step, median of a few, and the BLAS."""
    of_tokens = arguments.task in ("mqar", "text")
    program = "sequence_step.py" if of_tokens else "training_step.py"
    command = [sys.executable, os.path.join(HERE, program), "--rule", arguments.rule, "--kernel", arguments.kernel]
    environment = dict(os.environ)
    if of_tokens:
        command += ["--task", arguments.task, "--normalization", "attention" if arguments.rule == "sum" else "none"]
        environment |= {"MALLOC_MMAP_MAX_": "0", "MALLOC_TRIM_THRESHOLD_": "17179869184", "MALLOC_TOP_PAD_": "268435456"}
    else:
        command += ["--S", str(arguments.S)]
    result = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, env=environment)
    blas, *lines = result.stdout.splitlines()
    return statistics.median(float(line.split()[0]) for line in lines), blas


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--task", choices=["associative_retrieval", "mqar", "text"], default="associative_retrieval")
    parser.add_argument("--rule", choices=["sum", "delta", "softmax"], default="delta",
                        help="softmax, which is no rule but a memory, only of mqar and text")
    parser.add_argument("--kernel", help="elu or dpfp:1 (the default), with --rule sum also dpfp:3; of the others silu_l2 "
                        "(the default) with delta and elu with sum")
    parser.add_argument("--S", type=int, default=200, help="a size that micro times (default: %(default)s)")
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    of_tokens = arguments.task in ("mqar", "text")
    arguments.kernel = arguments.kernel or ("silu_l2" if of_tokens else "dpfp:1")
    if arguments.rule == "softmax" and not of_tokens:
        parser.error("--rule softmax: only of --task mqar or text")
    if arguments.rounds < 1:
        parser.error(f"--rounds {arguments.rounds}: must be at least 1")
    if not os.path.exists(MICRO):
        sys.exit(f"compare.py: no '{os.path.relpath(MICRO)}'; build it: cmake --build --preset release --target micro")
    setup = [os.path.join(ROOT, "scripts", "setup.sh"), "python3-torch", "libopenblas0-pthread"]
    if subprocess.run(setup).returncode != 0:
        sys.exit("compare.py: PyTorch and OpenBLAS are not there")

    memory = "softmax" if arguments.rule == "softmax" else f"{arguments.kernel}.{arguments.rule}"
    name = f"sequence_step/{arguments.task}/{memory}" if of_tokens else \
        f"training_step/published/{'delta.' if arguments.rule == 'delta' else ''}{arguments.kernel}/S:{arguments.S}"
    form = ".2f" if of_tokens else ".0f"
    ratios = []
    for _ in range(arguments.rounds):
        here, (there, blas) = ours(name), theirs(arguments)
        ratios.append(there / here)
        if len(ratios) == 1:
            print(blas)
        print(f"PyTorch {there:.3f} s, here {here * 1e3:.3f} ms: ratio {ratios[-1]:{form}}", flush=True)
    print(f"median ratio {statistics.median(ratios):{form}}, from {min(ratios):{form}} to {max(ratios):{form}}")


if __name__ == "__main__":
    main()
