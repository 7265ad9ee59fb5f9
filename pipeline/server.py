"""Luigi's central scheduler, as this project needs it: local, quick to notice the dead, remembering its state.

`./run luigid` starts it. Options are luigid's own; one that is given wins, and so does the configuration file.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import luigi.configuration
from luigi.cmdline import luigid

from pipeline.launch import LUIGI_DEFAULTS

# Luigi's own default is every address of the machine, without a password.
ADDRESS = "127.0.0.1"


def main(options: list[str]) -> None:
    """Serve until stopped."""
    config = luigi.configuration.get_config()
    for (section, key), value in LUIGI_DEFAULTS.items():
        if section == "scheduler" and not config.has_option(section, key):
            config.set(section, key, value)
    if not config.has_option("scheduler", "state_path"):
        config.set("scheduler", "state_path", str(state_path()))
    luigid(["--address", ADDRESS, *options])


def state_path() -> Path:
    """Where the scheduler keeps what it knows between two starts: the user's state folder, which is made."""
    folder = Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state") / "allsky"
    folder.mkdir(parents=True, exist_ok=True)
    return folder / "luigid.pickle"


if __name__ == "__main__":
    main(sys.argv[1:])
