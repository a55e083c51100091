"""Feature columns: what a model reads from a dictionary of features, and as what."""
