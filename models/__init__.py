"""The networks: PyTorch lives here and nowhere else."""
