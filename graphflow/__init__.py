"""graphflow: TensorFlow 1.x's way of working on NumPy."""
