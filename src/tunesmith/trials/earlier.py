"""Earlier: what an earlier study found out, as data that a later one keeps with its definition.

So the later study needs no other store to go on, and whoever asks for its proposals again gets the same ones.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, final

from tunesmith.errors import NewerFormat
from tunesmith.space.params import Config, Json

_VERSION: Final = 1


@final
@dataclass(frozen=True)
class Earlier:
    """Configurations of one earlier study, by the names of the later one, and how good they were for its m objectives."""

    study: str
    """What the user called it."""
    trials: int
    """How many of its trials had ended."""
    configs: tuple[Config, ...]
    """As they were trained: values may be outside of the later study's space (`space/carry.py`)."""
    losses: tuple[tuple[float | None, ...], ...]
    """For each configuration m numbers, smaller is better, on the scale of the earlier study; None for a failure.

    Where the earlier study had no such objective, None throughout.
    """

    def to_json(self) -> Json:
        return {
            "version": _VERSION,
            "study": self.study,
            "trials": self.trials,
            "configs": list(self.configs),
            "losses": [list(row) for row in self.losses],
        }

    @staticmethod
    def from_json(doc: Json) -> Earlier:
        """The inverse of `to_json`; raises `NewerFormat` for a document of a later version."""
        if doc["version"] > _VERSION:
            raise NewerFormat(
                f"What the study knows of {doc['study']!r} has format {doc['version']}, newer than {_VERSION}; "
                f"upgrade Tunesmith to read it"
            )
        losses = tuple(tuple(row) for row in doc["losses"])
        return Earlier(doc["study"], doc["trials"], tuple(doc["configs"]), losses)
