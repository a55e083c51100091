"""The data and models that TensorFlow's tutorials import."""
