"""What a volume is called."""

from dataclasses import dataclass, replace
from datetime import datetime

from burnish.fileset.names import FILE_SET_ID_LENGTH
from burnish.requests.reference import minted_uid, opaque_token


@dataclass(frozen=True, slots=True, kw_only=True)
class Naming:
    """What a volume is called."""

    file_set_id: str
    file_set_uid: str
    token: str
    made: datetime
    """Stands in the file system; aware, UTC, whole seconds."""

    def numbered(self, number: int) -> "Naming":
        """What volume `number`, from 1, of a set that is split is called: the same each time.

        The File-set ID is cut so that `_1`, `_2` … ends it. The first volume keeps UID and token, the others
        get their own, because PS3.4 Annex S wants a different File-set UID on each volume.
        """
        mark = f"_{number}"
        file_set_id = self.file_set_id[: FILE_SET_ID_LENGTH - len(mark)] + mark
        if number == 1:
            return replace(self, file_set_id=file_set_id)
        uid = minted_uid("volume", self.token, self.file_set_uid, number)
        token = opaque_token("volume", self.token, number)
        return replace(self, file_set_id=file_set_id, file_set_uid=uid, token=token)
