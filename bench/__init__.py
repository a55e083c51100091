"""The performance suite: one program a workload for every peer, measured side by side."""
