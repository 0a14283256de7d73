"""Where the platform of this machine keeps its data."""

import os
from collections.abc import Mapping
from pathlib import Path

from nexus_actors.local.home import Home
from nexus_actors.settings.config import variable

CHECKOUT = Path(__file__).resolve().parents[3]
FOLDER = ".nexus"


def environment() -> dict[str, str]:
    """The variables of this process. Where they name no data folder, it is that of this checkout, whatever folder we are in.

    So two checkouts have two folders, and `nexus` may be called from anywhere. Installed from a wheel, there is no checkout,
    and the folder is below the present one.
    """
    given = dict(os.environ)
    if not given.get(variable("data_dir")) and (CHECKOUT / "pyproject.toml").is_file():
        given[variable("data_dir")] = str(CHECKOUT / FOLDER)
    return given


def home_of(environ: Mapping[str, str]) -> Home:
    """The data folder that the variables name."""
    return Home(Path(environ.get(variable("data_dir")) or FOLDER).expanduser().absolute())
