"""Where did the classifier look when it was wrong? A frame beside the same frame under its Grad-CAM map."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

from allsky.figures.canvas import INK, TEXT_SIZE, bare, new_figure


def error_panel(frame: np.ndarray, overlay: np.ndarray, caption: str) -> Figure:
    """`frame` and `overlay` (each (h, w, 3), uint8, RGB) side by side under `caption`."""
    figure = new_figure(6.0, 3.5)
    figure.suptitle(caption, fontsize=TEXT_SIZE + 0.5, color=INK)
    for ax, image, title in zip(figure.subplots(1, 2), (frame, overlay), ("frame", "Grad-CAM"), strict=True):
        bare(ax)
        ax.imshow(image, interpolation="antialiased")
        ax.set(xticks=[], yticks=[])
        ax.set_xlabel(title, fontsize=TEXT_SIZE, color=INK)
    return figure
