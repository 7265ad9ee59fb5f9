"""The sky of an all-sky camera, in plain functions over arrays and tables.

No Luigi, no PyTorch, no configuration, no printing: usable on its own.
"""

from allsky.corpus import Corpus, open_corpus
from allsky.site import Site, night_of

__all__ = ["Corpus", "Site", "night_of", "open_corpus"]
