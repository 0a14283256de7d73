"""Writing files that are not there yet, all of them or none."""

from collections.abc import Mapping
from pathlib import Path

from nexus_actors.scaffold.errors import CannotScaffold


def write_new(root: Path, files: Mapping[str, str], shared: Mapping[str, str]) -> list[str]:
    """Write files below a folder, and answer with the paths of those that are new. Nothing that is there is touched.

    Args:
        root: the checkout.
        files: text by path; none of them may be there.
        shared: likewise, but what is there already may stay.

    Raises:
        CannotScaffold: one is there, or cannot be written. What was written before it is taken away again.
    """
    there = [path for path in files if (root / path).exists()]
    if there:
        raise CannotScaffold(f"There is a file already: {there[0]}. Move it away, or take another name. Nothing was written.")
    missing = {path: text for path, text in shared.items() if not (root / path).exists()}
    written: list[str] = []
    try:
        for path, text in {**missing, **files}.items():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            with (root / path).open("x", encoding="utf-8") as file:
                written.append(path)
                file.write(text)
    except OSError as error:
        for path in written:
            (root / path).unlink(missing_ok=True)
        raise CannotScaffold(f"Cannot write below {root}: {error}. Nothing was kept.") from error
    return written
