"""Records the summaries that TensorFlow 1.15.5 makes: `python record_summaries.py`.

Runs under Python 3.7; writes summaries.json.gz beside this file: by name the message as hex, for
images the decoded pixels.
"""

import gzip
import json
import os
import sys
import warnings

warnings.simplefilter("ignore")
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "..", "interop"))

import summaries  # noqa: E402 (found by the line above)

if __name__ == "__main__":
    import tensorflow

    tf = tensorflow.compat.v1
    found = {}
    with tf.Graph().as_default(), tf.Session() as sess:
        for name, made in summaries.build(tf).items():
            data = sess.run(made)
            images = [
                sess.run(tf.image.decode_png(value.image.encoded_image_string)).tolist()
                for value in tf.Summary.FromString(data).value
                if value.HasField("image")
            ]
            found[name] = {"bytes": data.hex(), "images": images}
        found["nodes"] = summaries.nodes(tf)
    with open(os.path.join(HERE, "summaries.json.gz"), "wb") as file:
        file.write(gzip.compress(json.dumps(found, sort_keys=True).encode()))
