"""Heat maps on disk: each picture with its map over it, to look at, and the map itself, to compute with."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import numpy as np

from allsky.pictures import inscribed_disk, read_picture, write_picture
from models.explanation import heat_maps, overlay
from models.model_folder import Model

# Maps that may wait to be drawn: drawing at most falls so far behind, and memory stays flat.
WAITING = 16


def write_maps(model: Model, pictures: Mapping[str, Path], method: str, folder: Path) -> Iterator[str]:
    """Write `<name>.jpg` and `<name>.npy` (float16, size x size, 0 to 1) of each picture into `folder`.

    Gives the names as they are done, in order; the network computes further maps while those before are drawn.
    Raises what `heat_maps` raises.
    """
    drawing: deque[Future[str]] = deque()
    maps = heat_maps(model, list(pictures.values()), method)
    with ThreadPoolExecutor(1) as pool:
        for (name, path), heat in zip(pictures.items(), maps, strict=True):
            drawing.append(pool.submit(_write, folder / name, path, heat))
            if len(drawing) > WAITING:
                yield drawing.popleft().result()
        yield from (one.result() for one in drawing)


def _write(place: Path, path: Path, heat: np.ndarray) -> str:
    picture = read_picture(path)
    write_picture(place.with_name(f"{place.name}.jpg"), overlay(picture, heat, sky=inscribed_disk(len(picture))))
    np.save(place.with_name(f"{place.name}.npy"), heat)
    return place.name
