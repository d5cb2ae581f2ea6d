"""Asking rule sets: what they refuse is not made, what they warn of is said."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from burnish.contracts import Breach, MediumFacts, MediumView, RuleSet, Severity
from burnish.errors import PluginError, RequestFailed
from burnish.fileset.verdict import Finding, one_line
from burnish.terms import StatusInfo

RuleSets = Mapping[str, RuleSet]
"""By the names that configurations use."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """What all rule sets say of one medium."""

    refusals: Sequence[Finding]
    warnings: Sequence[Finding]


def judge_facts(rules: RuleSets, facts: MediumFacts) -> Judgement:
    """Ask what is wrong with such a medium, whatever stands on it. Raises PluginError."""
    return _judgement(rules, lambda one: one.check_facts(facts))


def judge(rules: RuleSets, view: MediumView) -> Judgement:
    """Ask everything of a medium. Raises PluginError."""
    return _judgement(rules, lambda one: [*one.check_facts(view.facts), *one.check(view)])


def refuse(refusals: Sequence[Finding], info: StatusInfo) -> None:
    """Raise RequestFailed where there is anything to refuse."""
    if refusals:
        more = f", and {len(refusals) - 1} more" if len(refusals) > 1 else ""
        raise RequestFailed(f"{refusals[0].rule} refuses {refusals[0]}{more}", info)


def _judgement(rules: RuleSets, ask: Callable[[RuleSet], Iterable[Breach]]) -> Judgement:
    refusals: list[Finding] = []
    warnings: list[Finding] = []
    for name, one in rules.items():
        for breach in _asked(name, one, ask):
            path, text = one_line("/".join(breach.path)), one_line(breach.text)
            finding = Finding(path, breach.source, text, f"{name}:{breach.rule}")
            (refusals if breach.severity is Severity.REFUSAL else warnings).append(finding)
    return Judgement(refusals, warnings)


def _asked(name: str, one: RuleSet, ask: Callable[[RuleSet], Iterable[Breach]]) -> list[Breach]:
    try:
        return list(ask(one))
    except Exception as error:
        raise PluginError(f"rule set {name!r} failed: {type(error).__name__}: {error}") from error
