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

#: row -> what holds it back, for the report; empty where nobody has looked yet.
REASONS = {
    "W1": "NumPy by hand takes four fifths of our time: calls of NumPy on small arrays.",
    "W2": "NumPy by hand takes as long. By their count of operations and the measured rate of "
    "OpenBLAS, the products are three quarters of the step, longer than the whole step of "
    "TensorFlow 2.x or JAX.",
    "W3 train": "NumPy by hand, which multiplies columns with OpenBLAS, is hardly faster.",
    "W3 inference 1000": "NumPy by hand is hardly faster.",
    "W3 inference 1": "NumPy by hand takes two thirds of our time, and that is slower than torch.",
    "W4 static": "NumPy by hand, with all four gates as one tanh, is hardly faster.",
    "W6 add": "The time is that of `Session.run` in Python, not of the addition.",
    "W6 chain 100": "NumPy by hand, one call of NumPy for every operation, is hardly faster.",
    "W10 forward": "NumPy by hand takes as long.",
    "W10 train": "NumPy by hand takes as long.",
}
