"""The plan: passes that turn a declared graph into a flat list of steps over slots."""
