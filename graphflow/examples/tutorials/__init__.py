"""One package for each tutorial."""
