"""Which cases of the battery a test judges: their numbers stand in its name, `test_case_65_66_and_68_…`."""

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

HOUSE = Path(__file__).parent.parent
_NUMBERS = re.compile(r"cases?_(\d+(?:_(?:and_|to_)?\d+)*)(?![0-9a-z])")
_PART = re.compile(r"(and_|to_)?(\d+)")


def numbers_in(name: str) -> set[int]:
    """The numbers in the name of a test, or in the name of one of its parameters.

    >>> sorted(numbers_in("test_cases_124_to_127_the_file_system"))
    [124, 125, 126, 127]
    >>> sorted(numbers_in("test_case_65_66_and_68_a_history[case_06_no_class]"))
    [6, 65, 66, 68]
    """
    found: set[int] = set()
    for match in _NUMBERS.finditer(name):
        last = 0
        for joined, digits in _PART.findall(match[1]):
            found |= set(range(last, int(digits))) if joined == "to_" else set()
            found.add(last := int(digits))
    return found


def judges_of() -> dict[int, list[str]]:
    """Every test of the tree that judges a case, by number: file and name."""
    found: dict[int, list[str]] = defaultdict(list)
    for path in _files():
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            for name in _names(node):
                for number in numbers_in(name):
                    found[number].append(f"{path.relative_to(HOUSE)}::{name}")
    return found


def _files() -> Iterator[Path]:
    for pattern in ("tests/test_*.py", "tests/robustness/test_*.py", "plugins/*/tests/test_*.py"):
        yield from HOUSE.glob(pattern)
    yield from (HOUSE / "core/tests").rglob("test_*.py")


def _names(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
        yield node.name
    if isinstance(node, ast.keyword) and node.arg == "id" and isinstance(node.value, ast.Constant):
        yield str(node.value.value)
