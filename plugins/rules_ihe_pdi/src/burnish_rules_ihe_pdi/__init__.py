"""IHE Portable Data for Imaging (PDI), transaction RAD-47: what its media must keep to.

names      how files and directories are called
content    what must be there, what must not, and what stands where
web        INDEX.HTM, IHE_PDI and what is in it
sources    where the rules stand

Describing the rule set imports none of them.
"""

from collections.abc import Iterator, Sequence
from typing import Any, Literal

from burnish.contracts import Breach, MediumFacts, MediumView, RuleSet, RuleSetSpec
from burnish.hookspecs import hookimpl
from pydantic import BaseModel, ConfigDict

__all__ = ["IhePdi", "Settings", "burnish_rule_sets"]


class Settings(BaseModel):
    """The keys under `[rules.ihe-pdi]`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    readme: Literal["require", "warn"] = "require"
    """What follows where README.TXT is missing. IHE's own test tool takes that for an error; whoever imports
    a medium does so without it, hence `warn` for others' media. Those that are made here have one wherever a
    rule set is asked for, unless `[bundles] readme` is "never"."""


class IhePdi(RuleSet):
    """The rules. Without state."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def check_facts(self, facts: MediumFacts) -> Iterator[Breach]:
        """Refuse profiles other than STD-GEN-CD and those of the options DVD and USB."""
        from burnish_rules_ihe_pdi.content import check_profiles

        yield from check_profiles(facts)

    def check(self, view: MediumView) -> Iterator[Breach]:
        """Names, then content, then web content."""
        from burnish_rules_ihe_pdi.content import check_content
        from burnish_rules_ihe_pdi.names import check_names
        from burnish_rules_ihe_pdi.web import check_label, check_web

        yield from check_names(view)
        yield from check_content(view, readme=self._settings.readme)
        yield from check_web(view)
        yield from check_label(view)


@hookimpl
def burnish_rule_sets() -> Sequence[RuleSetSpec[Any]]:
    """Offer `ihe-pdi`."""
    return [RuleSetSpec("ihe-pdi", "IHE Portable Data for Imaging (PDI)", Settings, IhePdi)]
