"""How variables are trained: optimizers, slots, steps."""
