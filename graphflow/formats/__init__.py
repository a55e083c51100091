"""Files and messages: what graphflow shares with TensorFlow on disk, byte for byte."""
