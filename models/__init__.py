"""The classifier: PyTorch lives here and on no other floor.

Nothing is imported here, so that `models.recipe` and `models.description` can be read without a
PyTorch start; `network`, `dataset`, `training`, `inference` and `explanation` import it.
"""
