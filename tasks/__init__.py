"""One file a stage: what it needs, where it writes, when it is complete."""
