"""The vocabulary of a declared graph: dtypes, shapes, operations, tensors, scopes, definitions."""
