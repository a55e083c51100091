"""What networks are made of: layers, losses, metrics, initializers."""
