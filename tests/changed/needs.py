"""Which files of the checkout a file of Python needs, as far as its text shows."""

import ast
import fnmatch
from collections import defaultdict, deque
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath
from typing import Final

LOADS: Final[dict[str, str | None]] = {
    "bus/redis/unobserved.py": None,  # it loads a library
    "modules/puabo_os/commands.py": "modules/*/contract.py",
    "nexus_actors/cli/bench.py": "tests/benchmarks/*.py",
    "nexus_actors/cli/main.py": "nexus_actors/cli/*.py",
    "nexus_actors/jobs/child.py": None,  # what the process that starts it has imported
    "nexus_actors/platform/loading.py": "modules/*.py",
    "tests/benchmarks/peers/process.py": "tests/benchmarks/peers/*.py",
    "tests/contracts/test_tables.py": "modules/*.py",
}
"""Who imports by names that come from elsewhere, and the paths of what that may be. A star stands for folders, too."""

File = str
"""A file's path from the checkout, with slashes."""


class Needs:
    """Who needs whom: by imports, by names of modules and files in strings (``-m nexus_actors.cli``), by pytest's conftests."""

    def __init__(self, checkout: Path, files: Iterable[File]) -> None:
        self.files = frozenset(files)
        self._modules = {_module(file): file for file in self.files if file.endswith(".py")}
        self._needed_by: defaultdict[File, set[File]] = defaultdict(set)
        for file in self._modules.values():
            for needed in self._needs(file, (checkout / file).read_text(encoding="utf-8")):
                self._needed_by[needed].add(file)

    def reached(self, changed: Iterable[File]) -> set[File]:
        """These files and all that need them, over however many others."""
        found = set(changed)
        waiting = deque(found)
        while waiting:
            further = self._needed_by[waiting.popleft()] - found
            found |= further
            waiting.extend(further)
        return found

    def beside(self, file: File) -> set[File]:
        """The files of Python in the nearest folder around a file that has any."""
        for folder in PurePosixPath(file).parents:
            found = {each for each in self._modules.values() if PurePosixPath(each).parent == folder}
            if found:
                return found
        return set()

    def _needs(self, file: File, text: str) -> Iterator[File]:
        folders = PurePosixPath(file).parents
        yield from self.files & {f"{folder}/conftest.py" for folder in folders}
        yield from fnmatch.filter(self.files, LOADS.get(file) or "")
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.Import):
                for alias in node.names:
                    yield from self._named(alias.name)
            elif isinstance(node, ast.ImportFrom) and node.module:
                for alias in node.names:
                    yield from self._named(f"{node.module}.{alias.name}")
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield from self._said(node.value)

    def _named(self, name: str) -> Iterator[File]:
        """The module of a name that may be one of something in it."""
        while name:
            if name in self._modules:
                yield self._modules[name]
                return
            name = name.rpartition(".")[0]

    def _said(self, text: str) -> Iterator[File]:
        if text in self.files:
            yield text
        name = text.partition(":")[0]
        if "." in name:
            yield from (self._modules[each] for each in (name, f"{name}.__main__") if each in self._modules)


def _module(file: File) -> str:
    return file.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
