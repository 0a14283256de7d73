"""Which tests a change can reach."""

import subprocess
from collections.abc import Iterable
from pathlib import Path, PurePosixPath
from typing import Final

from tests.changed.needs import File, Needs

PACKAGES: Final = ("bus/", "modules/", "nexus_actors/", "tests/")

READ_BY: Final[dict[str, tuple[str, ...] | None]] = {
    "deploy/locks/": None,
    "docs/adr/": (),
    "docs/": (
        "tests/contracts/",
        "tests/nexus_actors/documents/",
        "tests/nexus_actors/cli/test_docs.py",
        "tests/deploy/",
        "tests/test_glossary.py",
        "tests/test_services_guide.py",
    ),
    "deploy/": (
        "tests/deploy/",
        "tests/nexus_actors/deployment/",
        "tests/nexus_actors/cli/test_deploy.py",
        "tests/nexus_actors/cli/test_scaffold.py",
        "tests/test_launcher.py",
    ),
    "nexus": ("tests/test_launcher.py",),
    "README.md": ("tests/deploy/",),
    "CHANGELOG.md": (),
    "LICENSE": (),
    "NOTICE": (),
    ".dockerignore": ("tests/deploy/",),
    ".gitignore": (),
}
"""Tests that read what is no Python, by the beginning of its path; None for all. What is not named here reaches all too."""

ALWAYS: Final = frozenset(
    {"tests/test_glossary.py", "tests/test_laws.py", "tests/test_service_laws.py", "tests/mutations/test_mutations.py"}
)
"""Tests that read every file."""


class NoSuchRevision(Exception):
    """Git cannot say what has changed; the message says why."""


def seen_by(needs: Needs, changed: Iterable[File]) -> set[File]:
    """The files of tests that can see these changes."""
    every = {file for file in needs.files if _is_test(file)}
    touched: set[File] = set()
    for file in changed:
        if file in needs.files and file.endswith(".py"):
            touched.add(file)
        if file.startswith(PACKAGES):
            # What is gone may have been needed by any file beside it, and so may migrations, templates and other data.
            touched |= {file} if file in touched else {file, *needs.beside(file)}
            continue
        readers = _readers(file)
        if readers is None:
            return every
        touched |= {each for each in every if each.startswith(readers)}
    return every & (needs.reached(touched) | ALWAYS)


def changed_since(checkout: Path, revision: str) -> tuple[str, list[File]]:
    """What differs from a revision, committed or not. Without one: from where this branch left main; there, from HEAD~1.

    Returns:
        the revision that was compared with, and the files.

    Raises:
        NoSuchRevision: there is none, or no git.
    """
    base = revision or _base(checkout)
    differing = _git(checkout, "diff", "--name-only", "--no-renames", "-z", base, "--")
    new = _git(checkout, "ls-files", "--others", "--exclude-standard", "-z")
    return base, sorted({*differing, *new})


def files_of(checkout: Path) -> list[File]:
    """All files of the checkout that are there and not ignored."""
    listed = _git(checkout, "ls-files", "--cached", "--others", "--exclude-standard", "-z")
    return [file for file in listed if (checkout / file).is_file()]


def _base(checkout: Path) -> str:
    for main in ("main", "origin/main"):
        try:
            [base] = _git(checkout, "merge-base", main, "HEAD")
            [head] = _git(checkout, "rev-parse", "HEAD")
        except NoSuchRevision:
            continue
        return "HEAD~1" if base == head else base
    return "HEAD~1"


def _git(checkout: Path, *arguments: str) -> list[str]:
    try:
        done = subprocess.run(["git", *arguments], cwd=checkout, capture_output=True, text=True, check=False)
    except FileNotFoundError as error:
        raise NoSuchRevision("There is no git here.") from error
    if done.returncode != 0:
        raise NoSuchRevision(done.stderr.strip())
    return [part for part in done.stdout.strip().split("\0" if "-z" in arguments else "\n") if part]


def _readers(file: File) -> tuple[str, ...] | None:
    return next((readers for beginning, readers in READ_BY.items() if file.startswith(beginning)), None)


def _is_test(file: File) -> bool:
    path = PurePosixPath(file)
    return file.startswith("tests/") and path.name.startswith("test_") and path.suffix == ".py"
