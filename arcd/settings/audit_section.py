"""The section `audit`: who signs the journal's checkpoints, where copies go, and how long content is kept."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict

from arcd.core.audit.retention import DAYS_DEFAULT, RetentionClass
from arcd.settings.values import File, MachineUrl, Names, as_list, seconds, whole
from protocols.tlog.note import NoteError, check_name
from rules.schema import fault

PLACES_MAX = 8  # of each kind
DAYS_MIN, DAYS_MAX = 1, 36_500


def _origin(name: str) -> str:
    if not name:
        return name
    try:
        check_name(name)
    except NoteError:
        raise fault("this is no name for a log", "write it like arc.example.org/journal; no spaces, no +") from None
    return name


def _bounded(places: tuple[object, ...]) -> tuple[object, ...]:
    if len(places) > PLACES_MAX:
        raise fault(f"more than {PLACES_MAX} places of one kind", "two or three in different houses are what counts")
    return places


def _addresses(places: tuple[str, ...]) -> tuple[str, ...]:
    for place in places:
        if not re.fullmatch(r"[^@\s]+@[^@\s]+", place):
            raise fault("this is no mail address", "write it like witness@example.org")
    return places


Origin = Annotated[str, AfterValidator(_origin)]
Directories = Annotated[tuple[File, ...], BeforeValidator(as_list), AfterValidator(_bounded)]
Urls = Annotated[tuple[MachineUrl, ...], BeforeValidator(as_list), AfterValidator(_bounded)]
Addresses = Annotated[Names, AfterValidator(_addresses), AfterValidator(_bounded)]
Days = Annotated[int, whole(DAYS_MIN, DAYS_MAX)]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class KeySource(_Section):
    """The file if one is named, else the credential of this name; neither there: no key of that kind."""

    credential: str
    file: File | None = None


class RetentionSettings(_Section):
    """Days from the entry; of site data from the removal of the site."""

    # Every night what has been kept as long as this loses its content; a legal hold keeps it.
    automatic: bool = True
    signal_days: Days = DAYS_DEFAULT[RetentionClass.SIGNAL]
    incident_days: Days = DAYS_DEFAULT[RetentionClass.INCIDENT]
    operation_days: Days = DAYS_DEFAULT[RetentionClass.OPERATION]
    contract_days: Days = DAYS_DEFAULT[RetentionClass.CONTRACT]

    def days(self) -> dict[RetentionClass, int]:
        return {name: int(getattr(self, f"{name}_days")) for name in DAYS_DEFAULT}


class AuditSettings(_Section):
    # The log's name in every checkpoint, and the key's. Empty: nothing is signed.
    origin: Origin = ""
    key: KeySource = KeySource(credential="audit-key")
    # The key before this one, for one start: it signs for its successor.
    previous_key: KeySource = KeySource(credential="audit-key-before")
    # requirements 5: every 60 s or 1000 entries, and at shutdown.
    interval_s: Annotated[float, seconds(1, 3600)] = 60.0
    entries_max: Annotated[int, whole(1, 1_000_000)] = 1_000
    directories: Directories = ()
    urls: Urls = ()
    mail_to: Addresses = ()
    mail_interval_s: Annotated[float, seconds(60, 604_800)] = 86_400.0
    ca_file: Path | None = None
    retention: RetentionSettings = RetentionSettings()
