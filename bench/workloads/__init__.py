"""The measured programs, one module a family, one function a library (`in_tf`, `in_jax`, ...)."""
