"""Keras: layers, models and what trains them."""
