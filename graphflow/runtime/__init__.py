"""The runtime: sessions, and what executes a plan."""
