"""Which tests prove what, by their marks ``@pytest.mark.proves("wallet-ms", "W3")``, as they stand in the text."""

import ast
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from tests.features.required import FeatureError, Named

_Test = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


def proofs(tests: Path) -> dict[Named, list[str]]:
    """The tests of each feature, as pytest names them: of a function, a class, or a whole file with its ``pytestmark``.

    Args:
        tests: the folder of the tests.

    Raises:
        FeatureError: a mark is not on a test, or its words are not written out.
    """
    found: defaultdict[Named, list[str]] = defaultdict(list)
    for path in sorted(tests.rglob("test_*.py")):
        text = path.read_text(encoding="utf-8")
        if ".proves(" in text:
            for feature, name in _marks(ast.parse(text), path.relative_to(tests.parent).as_posix()):
                found[feature].append(name)
    return dict(found)


def _marks(node: ast.Module | ast.ClassDef, name: str) -> Iterator[tuple[Named, str]]:
    for inner in node.body:
        if not isinstance(inner, _Test):
            yield from ((feature, name) for feature in _named(inner, name))
            continue
        place = f"{name}::{inner.name}"
        for feature in (feature for decorator in inner.decorator_list for feature in _named(decorator, place)):
            if not inner.name.lower().startswith("test"):
                raise FeatureError(f"{place} is marked with what it proves, and is no test.")
            yield feature, place
        if isinstance(inner, ast.ClassDef):
            yield from _marks(inner, place)


def _named(node: ast.AST, place: str) -> Iterator[Named]:
    for call in ast.walk(node):
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr == "proves":
            words = [word.value for word in call.args if isinstance(word, ast.Constant) and isinstance(word.value, str)]
            if call.keywords or len(words) < len(call.args) or len(words) < 2:
                raise FeatureError(f'{place}: write a mark out, as in @pytest.mark.proves("wallet-ms", "W3", "W4").')
            yield from (Named(words[0], number) for number in words[1:])
