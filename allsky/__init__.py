"""The sky of an all-sky camera, in plain functions over arrays and tables.

No Luigi, no PyTorch, no configuration, no printing: usable on its own.
"""
