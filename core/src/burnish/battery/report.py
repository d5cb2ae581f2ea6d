"""What a run found: text, JSON, JUnit."""

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final

from burnish.battery.running import Outcome, Result
from burnish.battery.table import CASES
from burnish.markup import xml_text

_ELSEWHERE: Final = (Outcome.INSIGHT, Outcome.OPEN)


def as_text(results: Sequence[Result]) -> str:
    """A line for each case that was run; the others by their numbers."""
    return "\n".join(_lines(results))


def _lines(results: Sequence[Result]) -> Iterator[str]:
    for one in results:
        if one.outcome not in _ELSEWHERE:
            case = CASES[one.number]
            said = f"\n{'':17}{one.said}" if one.said else ""
            yield f"{one.number:4}  {one.outcome.value:9} {case.basis:4} {case.title}{said}"
    counted = Counter(one.outcome for one in results)
    run = [f"{counted[outcome]} {outcome.value}" for outcome in Outcome if outcome not in _ELSEWHERE]
    yield ", ".join(one for one in run if not one.startswith("0 "))
    elsewhere = [one.number for one in results if one.outcome is Outcome.INSIGHT]
    if elsewhere:
        yield f"need insight into the server: {ranges(elsewhere)}"
    for one in results:
        if one.outcome is Outcome.OPEN:
            yield f"open: {one.number}, {one.said}"


def ranges(numbers: Sequence[int]) -> str:
    """Numbers in order, neighbours together.

    >>> ranges([1, 2, 3, 7])
    '1-3, 7'
    """
    found: list[list[int]] = []
    for number in numbers:
        if found and number == found[-1][-1] + 1:
            found[-1].append(number)
        else:
            found.append([number])
    return ", ".join(f"{one[0]}-{one[-1]}" if len(one) > 1 else str(one[0]) for one in found)


def as_json(results: Sequence[Result]) -> str:
    """One document: every case with its outcome."""
    told = [
        {
            "number": one.number,
            "title": CASES[one.number].title,
            "basis": CASES[one.number].basis,
            "outcome": one.outcome.value,
            "said": one.said,
            "seconds": round(one.seconds, 3),
        }
        for one in results
    ]
    counted = Counter(one.outcome.value for one in results)
    return json.dumps({"summary": dict(counted), "cases": told}, indent=2, ensure_ascii=False)


def as_junit(results: Sequence[Result], name: str, *, strict: bool = False) -> str:
    """A testsuite, a testcase for each number; `strict`: what differs is a failure."""
    failing = failures(results, strict=strict)
    skipped = [one for one in results if one not in failing and one.outcome is not Outcome.PASSED]
    seconds = sum(one.seconds for one in results)
    cases = "\n".join(_testcase(one, one in failing) for one in results)
    counts = f'tests="{len(results)}" failures="{len(failing)}" errors="0" skipped="{len(skipped)}"'
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<testsuites><testsuite name="{xml_text(name)}" {counts} time="{seconds:.3f}">\n{cases}\n'
        "</testsuite></testsuites>\n"
    )


def _testcase(one: Result, failed: bool) -> str:
    title = f"{one.number:03} {CASES[one.number].title}"
    said = xml_text(one.said or one.outcome.value)
    inner = f'<failure message="{said}"/>' if failed else f'<skipped message="{one.outcome.value}: {said}"/>'
    body = "" if one.outcome is Outcome.PASSED else inner
    head = f'<testcase classname="annex-s" name="{xml_text(title)}" time="{one.seconds:.3f}"'
    return f"{head}>{body}</testcase>" if body else f"{head}/>"


def failures(results: Sequence[Result], *, strict: bool = False) -> list[Result]:
    """Those that failed; `strict`: those that differ too."""
    bad = (Outcome.FAILED, Outcome.DIFFERS) if strict else (Outcome.FAILED,)
    return [one for one in results if one.outcome in bad]
