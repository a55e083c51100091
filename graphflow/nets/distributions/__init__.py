"""`tf.distributions`: probability distributions whose parameters and samples are tensors."""
