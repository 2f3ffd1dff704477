"""bench/pytorch/blas.py names the BLAS that a library calls, here numpy, which takes Debian's as Debian's PyTorch does."""
import os
import subprocess
import sys
import unittest

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))

PROGRAM = """
import blas, os
blas.use_one_thread()
import numpy
print(blas.describe("_multiarray_umath"))
print(blas.describe("libc.so"))
print(*sorted(name for name in os.environ if name.startswith("OPENBLAS")))
"""


class Blas(unittest.TestCase):
    def test_is_the_one_that_numpy_multiplies_with(self):
        environment = {**os.environ, "PYTHONPATH": os.path.join(ROOT, "bench", "pytorch"), "OPENBLAS_CORETYPE": "Prescott",
                       "PYTHONDONTWRITEBYTECODE": "1"}
        result = subprocess.run([sys.executable, "-c", PROGRAM], env=environment, capture_output=True, text=True, check=True)
        described, of_libc, variables = result.stdout.splitlines()
        chosen = os.path.realpath(f"/usr/lib/{sys.implementation._multiarch}/libblas.so.3")
        self.assertTrue(described.endswith(f"({chosen})"), described)
        self.assertEqual("OpenBLAS" in described, "openblas" in chosen)
        self.assertEqual("reference" in described, "/blas/" in chosen)
        self.assertNotIn("Prescott", described)  # the environment is not to choose
        self.assertTrue(of_libc.startswith("within /"), of_libc)
        self.assertEqual(variables, "OPENBLAS_NUM_THREADS")


if __name__ == "__main__":
    unittest.main()
