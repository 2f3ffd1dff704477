"""Which BLAS a library multiplies matrices with, and that it does so with one thread. Debian's PyTorch and numpy take the one
that `update-alternatives libblas.so.3` points to: the reference BLAS, written for clarity, unless a better one is installed.
"""
import ctypes
import os


def use_one_thread():
    """To be called before PyTorch is imported, whose own number of threads an OpenBLAS of pthreads doesn't follow. What the
    environment tells OpenBLAS of the processor (OPENBLAS_CORETYPE and its like) is dropped: it finds that out itself."""
    for name in [name for name in os.environ if name.startswith("OPENBLAS_")]:
        del os.environ[name]
    os.environ["OPENBLAS_NUM_THREADS"] = os.environ["OMP_NUM_THREADS"] = os.environ["MKL_NUM_THREADS"] = "1"


def mapped(maps):
    """(first address, end, path) of each file in a process's memory map, the text of /proc/self/maps."""
    for line in maps.splitlines():
        fields = line.split(maxsplit=5)
        if len(fields) == 6:
            first, end = (int(address, 16) for address in fields[0].split("-"))
            yield first, end, fields[5]


def describe(user):
    """One line on the BLAS whose sgemm the loaded library with `user` in its name calls; another BLAS may be loaded too, since
    a LAPACK brings its own. Of an OpenBLAS, its version and the kind of processor that it chose."""
    with open("/proc/self/maps") as file:
        ranges = list(mapped(file.read()))
    library = next(path for _, _, path in ranges if user in os.path.basename(path))
    try:  # found as the loader finds it: in the library itself, then in what it depends on
        address = ctypes.cast(ctypes.CDLL(library).sgemm_, ctypes.c_void_p).value
    except AttributeError:
        return f"within {library}"
    path = next(path for first, end, path in ranges if first <= address < end)
    try:
        config = ctypes.CDLL(path).openblas_get_config
        config.restype = ctypes.c_char_p
        return f"{config().decode()} ({path})"
    except AttributeError:
        return f"{'reference BLAS ' if '/blas/libblas.so' in path else ''}({path})"
