"""Input: where training data comes from."""
