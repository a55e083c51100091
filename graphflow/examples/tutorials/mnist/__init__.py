"""The MNIST tutorial: `from graphflow.examples.tutorials.mnist import input_data`."""
