"""tf.test: what TensorFlow's own unit tests are written with."""
