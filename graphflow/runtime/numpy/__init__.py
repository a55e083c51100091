"""Executes plans with NumPy."""
