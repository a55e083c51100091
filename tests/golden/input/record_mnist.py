"""Records what TensorFlow 1.15.5's MNIST reader gives for small made-up IDX files.

Run by the Python 3.7 that has TensorFlow 1.15.5; writes mnist.json beside this file. The images
and labels come from `made_up`, which the test uses too: image i holds the number i.
"""

import gzip
import hashlib
import json
import os
import struct
import sys
import tempfile

import numpy as np

TRAIN, TEST, SIDE = 70, 30, 4


def made_up(count, offset):
    """`count` images [count, SIDE, SIDE] that begin with their own number, and labels 0..9."""
    number = np.arange(count, dtype=np.uint8)
    images = (np.arange(count * SIDE * SIDE) * 7 + offset).astype(np.uint8)
    images = images.reshape(count, SIDE, SIDE)
    images[:, 0, 0] = number
    return images, ((number * 3 + offset) % 10).astype(np.uint8)


def write_files(directory):
    for name, count, offset in (("train", TRAIN, 0), ("t10k", TEST, 5)):
        images, labels = made_up(count, offset)
        head = struct.pack(">IIII", 2051, count, SIDE, SIDE)
        with gzip.open(os.path.join(directory, name + "-images-idx3-ubyte.gz"), "wb") as file:
            file.write(head + images.tobytes())
        with gzip.open(os.path.join(directory, name + "-labels-idx1-ubyte.gz"), "wb") as file:
            file.write(struct.pack(">II", 2049, count) + labels.tobytes())


# (options of read_data_sets, graph seed, [(part, batch size, shuffle, times), ...])
CASES = [
    ({"validation_size": 10, "seed": 1}, None, [("train", 16, True, 12)]),
    ({"validation_size": 10, "seed": 1}, None, [("train", 20, True, 9), ("test", 7, True, 9)]),
    ({"validation_size": 7, "seed": 42, "one_hot": True}, None,
     [("test", 10, True, 2), ("train", 63, True, 3), ("validation", 4, True, 5),
      ("train", 13, True, 6), ("test", 10, False, 5)]),
    ({"validation_size": 10, "seed": 3, "reshape": False}, None,
     [("train", 25, False, 5), ("train", 25, True, 6)]),
    ({"validation_size": 0, "seed": 0, "dtype": "uint8"}, None,
     [("train", 100, True, 4), ("train", 70, True, 3), ("test", 65, True, 3)]),
    ({"validation_size": 20, "seed": 2147483647}, None, [("train", 9, True, 14)]),
    ({"validation_size": 20}, 5, [("train", 9, True, 14), ("validation", 9, True, 4)]),
    ({"validation_size": 20, "seed": 8}, 5, [("train", 9, True, 14), ("test", 11, True, 6)]),
    ({"validation_size": 20, "seed": 0}, 0, [("train", 9, True, 7)]),
]  # fmt: skip


def numbers(images):
    """The numbers in the corners of a batch of images, which may be scaled."""
    first = images.reshape(len(images), -1)[:, 0]
    return np.rint(first * (1 if images.dtype == np.uint8 else 255)).astype(int).tolist()


def digest(array):
    kind = str(array.dtype)
    return [kind, list(array.shape), hashlib.sha256(array.tobytes()).hexdigest()[:16]]


def run(input_data, directory, options, calls):
    """What a program sees: whole sets at the start, then batch after batch."""
    sets = input_data.read_data_sets(directory, **options)
    whole = {
        part: [digest(getattr(sets, part).images), digest(getattr(sets, part).labels)]
        for part in sets._fields
    }
    batches = []
    for part, size, shuffle, times in calls:
        data = getattr(sets, part)
        for _ in range(times):
            images, labels = data.next_batch(size, shuffle=shuffle)
            batches.append([numbers(images), digest(images), digest(labels), data.epochs_completed])
    return {"whole": whole, "batches": batches}


def main():
    import tensorflow as tf
    from tensorflow.examples.tutorials.mnist import input_data

    tf.logging.set_verbosity(tf.logging.FATAL)
    records = []
    with tempfile.TemporaryDirectory() as directory:
        write_files(directory)
        for options, graph_seed, calls in CASES:
            with tf.Graph().as_default():
                if graph_seed is not None:
                    tf.set_random_seed(graph_seed)
                records.append(run(input_data, directory, options, calls))
        fake = input_data.read_data_sets("", fake_data=True, one_hot=True)
        records.append({"fake": [fake.train.num_examples, fake.test.next_batch(2, True)]})
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "mnist.json")
    with open(path, "w") as file:
        body = {"tensorflow": tf.__version__, "numpy": np.__version__, "records": records}
        json.dump(body, file, separators=(",", ":"))
        file.write("\n")


if __name__ == "__main__":
    sys.exit(main())
