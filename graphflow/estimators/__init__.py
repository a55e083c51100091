"""tf.estimator: models as functions, with their training, evaluation, prediction and export."""
