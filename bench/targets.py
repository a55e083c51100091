"""How fast graphflow is meant to be: peer's time divided by ours, on one core."""

#: row -> against the fastest peer of that row.
BEST = {
    "W1": 1.6,
    "W2": 1.25,
    "W3 train": 1.1,
    "W3 inference 1000": 1.15,
    "W3 inference 1": 1.1,
    "W4 static": 1.4,
    "W5": 2,
    "W6 add": 3,
    "W6 chain 100": 2,
    "W6 chain 1000": 1.5,
    "W7 fetched": 2.2,
    "W7 summed": 1.3,
    "W7 sum": 1,
    "W7 sum axis 0": 1,
    "W7 sum axis 1": 1,
    "W7 max axis 1": 1,
    "W7 softmax": 1,
    "W10 forward": 1.05,
    "W10 train": 1,
}

#: row -> against TensorFlow 2.x in its 1.x manner.
TF2 = {
    "W1": 5,
    "W2": 1.45,
    "W3 train": 2,
    "W3 inference 1000": 2,
    "W3 inference 1": 2,
    "W4 static": 1.5,
    "W5": 4,
    "W6 add": 50,
    "W6 chain 100": 30,
    "W6 chain 1000": 1.5,
    "W7 fetched": 3.5,
    "W7 summed": 3,
    "W7 sum": 1,
    "W7 sum axis 0": 1,
    "W7 sum axis 1": 1,
    "W7 max axis 1": 1,
    "W7 softmax": 1,
    "W8": 30,
    "W10 forward": 1.25,
    "W10 train": 1.15,
}

#: Rows in which graphflow is not to be slower than TensorFlow 2.x even without compiled kernels.
NUMPY_ONLY = (
    "W1", "W2", "W3 train", "W3 inference 1000", "W3 inference 1", "W4 static", "W4 while", "W5",
    "W6 add", "W6 chain 100", "W8", "W10 forward", "W10 train",
)  # fmt: skip
NUMPY_ONLY_REASON = (
    "Products take most of these rows, and the OpenBLAS that NumPy carries takes processors it "
    "does not know for older ones: half of an AVX-512 machine's rate. With "
    "`OPENBLAS_CORETYPE=SkylakeX` in the environment, which `graphflow doctor` recommends there, "
    "it reaches nearly the whole. Held to AVX2, NumPy alone is ahead in all of these rows but W5 "
    "and the single image of W3 ([performance_avx2.md](performance_avx2.md)); a program written by "
    "hand with NumPy is slower than TensorFlow in W5 as well."
)

#: What holds a row back, for the report. The targets were set on a processor with AVX2; where a
#: processor has AVX-512, TensorFlow's and JAX's products and convolutions are twice as fast, too.
REASONS = {
    "W1": "Two products take two thirds of the step, near the processor's limit; the target was "
    "below what an AVX2 machine can reach.",
    "W2": "Products take nine tenths of the step and run near the processor's limit, about 200 "
    "Gflop/s; TensorFlow 2.x and JAX reach nearly the same with AVX-512.",
    "W3 train": "The convolutions run at 215 Gflop/s, as TensorFlow's do. The dense layer is bound "
    "by memory: its products by 50 rows at 140 to 190 Gflop/s, its Adam step over 3.2 million "
    "numbers.",
    "W3 inference 1000": "Convolutions with bias, ReLU and pooling in one pass run at 210 Gflop/s; "
    "nothing but arithmetic is left, for TensorFlow 2.x as well.",
    "W3 inference 1": "Reading the dense layer's 13 MB takes most of it.",
    "W4 static": "Products of 128 rows take two thirds at 150 to 200 Gflop/s, the gates, one pass "
    "forward and one backward a turn, nearly all of the rest.",
    "W5": "Products of 128 by 64 words take a third, gathering and scattering rows another; the "
    "sampler draws distinct words as TensorFlow does (JAX's may repeat).",
    "W6 add": "A microsecond: half of it makes the result's array, the rest compares what is fed "
    "and fetched with earlier runs.",
    "W6 chain 100": "Every operation reads and writes a tile in the first level cache; tanh is "
    "most of it, for TensorFlow 2.x as well.",
    "W6 chain 1000": "As the chain of 100.",
    "W7 fetched": "tanh and exp take half, memory a third.",
    "W7 summed": "tanh and exp take half, reading the operands a third.",
    "W7 sum": "Bound by memory.",
    "W7 sum axis 1": "Bound by memory.",
    "W7 max axis 1": "Bound by memory, nearly.",
    "W7 softmax": "A row is read three times: its largest, the exponentials and their sum, the "
    "division.",
    "W8": "All Python: declaring takes 7 us an operation, a gradient 12 us, planning and binding "
    "10 us an instruction, spread over many small parts; Python's garbage collector takes a fifth.",
    "W10 forward": "Products take 95 % of it, that of the logits alone a quarter.",
    "W10 train": "Products take two thirds of it, elementwise groups (GELU, layer norms) the rest.",
}
