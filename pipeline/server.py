"""Luigi's central scheduler, as this project needs it: local, quick to notice the dead, remembering what was done.

`./run luigid` starts it. Options are luigid's own; one that is given wins, and so does the configuration file.
Its state, and the history of tasks that its pages show, lie on disk; `/metrics` is what Prometheus reads.
"""

from __future__ import annotations

import functools
import os
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import luigi.server
import tornado.web
from luigi.cmdline import luigid

from pipeline.launch import LUIGI_DEFAULTS, default_to
from pipeline.scheduler import Scheduler
from tasks.machine import resources

# Luigi's own default is every address of the machine, without a password.
ADDRESS = "127.0.0.1"


def main(options: list[str]) -> None:
    """Serve until stopped."""
    folder = state_folder()
    default_to({key: value for key, value in LUIGI_DEFAULTS.items() if key[0] == "scheduler"})
    default_to({("scheduler", "state_path"): str(folder / "luigid.pickle")})
    default_to({("resources", name): count for name, count in resources().items()})
    if lacking := [
        name for name, usable in (("sqlalchemy", "1."), ("prometheus_client", "")) if not _has(name, usable)
    ]:
        sys.stderr.write(
            f"without {', '.join(lacking)} there is no history or no metrics: in the clone,"
            " .venv/bin/pip install -c constraints.txt -e '.[luigid]'\n"
        )
    if "sqlalchemy" not in lacking:
        _remember(folder / "luigid.sqlite")
    if "prometheus_client" not in lacking:
        default_to({("scheduler", "metrics_collector"): "prometheus"})
    luigi.server.Scheduler = Scheduler  # type: ignore[misc]
    luigi.server.RPCHandler = Questions  # type: ignore[misc]
    luigid(["--address", ADDRESS, *options])


class Questions(luigi.server.RPCHandler):
    """What answers a run's questions; Luigi's own reads its configuration for each, which takes longer than most."""

    def __init__(self, *args, **kwargs):
        tornado.web.RequestHandler.__init__(self, *args, **kwargs)
        self._cors_config = _cors()


_cors = functools.cache(luigi.server.cors)


def state_folder() -> Path:
    """Where the scheduler keeps what it knows between two starts: the user's state folder, which is made."""
    folder = Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state") / "allsky"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _has(package: str, start: str) -> bool:
    """Whether a version of `package` that begins so is installed: Luigi 3.8 cannot use SQLAlchemy 2."""
    try:
        return version(package).startswith(start)
    except PackageNotFoundError:
        return False


def _remember(path: Path) -> None:
    """Let luigid write a history of its tasks to `path`."""
    import luigi.db_task_history

    from pipeline.task_history import TaskHistory

    # luigid answers nobody while it waits (s) for whoever holds the database; what it would have written is kept.
    connection = f"sqlite:///{path}?timeout=1"
    default_to({("scheduler", "record_task_history"): "true", ("task_history", "db_connection"): connection})
    luigi.db_task_history.DbTaskHistory = TaskHistory  # type: ignore[misc]


if __name__ == "__main__":
    main(sys.argv[1:])
