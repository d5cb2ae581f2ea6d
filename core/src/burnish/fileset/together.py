"""Several profiles on one medium, as PS3.4 Annex S allows: each instance keeps to the one it was asked in."""

from collections.abc import Mapping, Sequence

from burnish.contracts import DirectoryKey, Fit, IconRule, Profile, Security, Subject
from burnish.media import MediaKind


class Together(Profile):
    """Profiles that share a medium, by the SOP Instance UID of the instances that were asked in each.

    Raises ValueError, with the reason, where no file-set can keep to all of them.
    """

    def __init__(self, profiles: Sequence[Profile], own: Mapping[str, Profile]) -> None:
        self._profiles = profiles
        self._own = own
        self._formats = {
            medium: [name for name in names if all(name in other.formats[medium] for other in profiles)]
            for medium, names in profiles[0].formats.items()
            if all(medium in other.formats for other in profiles)
        }
        names = " and ".join(profile.identifier for profile in profiles)
        if not any(self._formats.values()):
            raise ValueError(f"profiles {names} have no kind of medium and file system in common")
        if len({profile.security for profile in profiles}) > 1:
            raise ValueError(f"profiles {names} do not protect their files alike")

    @property
    def identifier(self) -> str:
        return " + ".join(profile.identifier for profile in self._profiles)

    @property
    def title(self) -> str:
        return " and ".join(profile.title for profile in self._profiles)

    @property
    def formats(self) -> Mapping[MediaKind, Sequence[str]]:
        return {medium: names for medium, names in self._formats.items() if names}

    @property
    def directory_keys(self) -> Sequence[DirectoryKey]:
        """Those of all: a directory may say more than a profile asks for."""
        return [key for profile in self._profiles for key in profile.directory_keys]

    @property
    def icon(self) -> IconRule | None:
        """The strictest: one that requires an icon, else the first that speaks of any."""
        rules = [profile.icon for profile in self._profiles if profile.icon]
        return next((rule for rule in rules if rule.required), rules[0] if rules else None)

    @property
    def security(self) -> Security:
        return self._profiles[0].security

    def judge(self, subject: Subject) -> Fit:
        """As the first of them: an instance is judged by its own, see `own_profile`."""
        return self._profiles[0].judge(subject)

    def of(self, sop_instance: str) -> Profile:
        """The profile that an instance was asked in; the first where it was asked in none."""
        return self._own.get(sop_instance, self._profiles[0])


def own_profile(profile: Profile, sop_instance: str) -> Profile:
    """What an instance is judged by on media of a profile."""
    return profile.of(sop_instance) if isinstance(profile, Together) else profile
