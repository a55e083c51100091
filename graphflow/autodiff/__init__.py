"""Automatic differentiation: appends gradient operations to the graph."""
