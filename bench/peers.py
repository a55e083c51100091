"""Who is measured: graphflow and its peers, how each is found, and imported."""

import importlib
import os
from collections import namedtuple
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

#: One peer.
#:   name, title: on the command line, and in the report.
#:   language: which function of a workload it runs (`in_<language>`).
#:   module: what is imported and passed to that function.
#:   folders: where below `.oracle/` its Python may be.
#:   env: environment of its process.
Peer = namedtuple("Peer", "name title language module folders env")

_PEERS = [
    Peer("graphflow", "graphflow", "tf", "graphflow", (), {}),
    Peer(
        "graphflow-numpy",
        "graphflow (NumPy only)",
        "tf",
        "graphflow",
        (),
        {"GRAPHFLOW_NATIVE": "0"},
    ),
    Peer("tf115", "TF 1.15.5", "tf", "tensorflow", ("tf115",), {}),
    Peer("tf2", "TF 2.x compat.v1", "tf", "tensorflow.compat.v1", ("tf2",), {}),
    Peer("jax", "JAX", "jax", "jax", ("jax", "peers"), {"JAX_PLATFORMS": "cpu"}),
    Peer("torch", "torch", "torch", "torch", ("torch", "peers"), {}),
    Peer(
        "torch-compile",
        "torch.compile",
        "torch",
        "torch",
        ("torch", "peers"),
        {"GRAPHFLOW_BENCH_COMPILE": "1"},
    ),
    Peer("pytensor", "PyTensor", "pytensor", "pytensor", ("pytensor", "peers"), {}),
    Peer("numpy", "NumPy by hand", "numpy", "numpy", (), {}),
]

PEERS = {peer.name: peer for peer in _PEERS}

#: What graphflow says of its runtime where its native extension is absent or switched off.
NUMPY_ONLY = "NumPy only"

#: Not measured unless named: they are variants of another.
OPTIONAL = ("torch-compile",)


def python_of(peer, own):
    """Returns the path of a peer's Python, or None where it is not installed.

    The environment variable GRAPHFLOW_BENCH_<PEER>_PYTHON comes first (TORCH_COMPILE for
    torch-compile), then `.oracle/<name>/bin/python`; graphflow and NumPy run in `own`.
    """
    given = os.environ.get(f"GRAPHFLOW_BENCH_{peer.name.upper().replace('-', '_')}_PYTHON")
    if given:
        return given if Path(given).exists() else None
    if not peer.folders:
        return own
    places = (ROOT / ".oracle" / folder / "bin" / "python" for folder in peer.folders)
    return next((str(place) for place in places if place.exists()), None)


def load(peer):
    """Imports a peer's library, in this process."""
    module = importlib.import_module(peer.module)
    threads = int(os.environ.get("GRAPHFLOW_BENCH_THREADS", "1"))
    if peer.language == "tf":
        if peer.module == "tensorflow":
            module.compat.v1.logging.set_verbosity(module.compat.v1.logging.ERROR)
        if hasattr(module, "disable_v2_behavior"):
            module.disable_v2_behavior()
    elif peer.language == "torch":
        module.set_num_threads(threads)
    elif peer.language == "pytensor":
        importlib.import_module("pytensor.tensor")
        module.config.floatX = "float32"
    return module


#: What holds every library on a processor with AVX-512 to AVX2.
_AVX2 = {
    "GRAPHFLOW_NATIVE": "avx2",
    "OPENBLAS_CORETYPE": "Haswell",
    "NPY_DISABLE_CPU_FEATURES": "AVX512F AVX512CD AVX512_SKX AVX512_CLX AVX512_CNL AVX512_ICL",
    "ONEDNN_MAX_CPU_ISA": "AVX2",
    "TF_ENABLE_ONEDNN_OPTS": "0",  # as TensorFlow 2.x decides on such a processor
    "ATEN_CPU_CAPABILITY": "avx2",
    "MKL_ENABLE_INSTRUCTIONS": "AVX2",
    "PYTENSOR_FLAGS": "gcc__cxxflags=-mno-avx512f",
}


def environment(threads, avx2=False):
    """Returns the variables that hold every library to a number of threads, and to AVX2."""
    names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")
    found = dict.fromkeys(names, str(threads))
    found["GRAPHFLOW_BENCH_THREADS"] = str(threads)
    found["TF_CPP_MIN_LOG_LEVEL"] = "3"
    found["PYTHONPATH"] = str(ROOT)
    if threads == 1:
        found["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false"
    return {**found, **_AVX2} if avx2 else found
