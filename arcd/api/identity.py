"""Checking who is on the telephone: the operator types the word the caller says.

One rule: the word is compared here, beside the event loop, and goes no further; only the outcome becomes a fact. What
is answered to a duress word and to the right one is the same.
"""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter
from pydantic import Field, SecretStr, model_validator

from arcd.api.answers import ASK_ERRORS, ApiError, Body, Granted, NotFoundError, granted_or_raise
from arcd.api.asking import ID_CHARS_MAX, Asker, TheDesk
from arcd.core.facts import IdentityChecked, IdentityOutcome
from arcd.core.site import Contact
from arcd.credentials import WORD_CHARS_MAX, verify_word

router = APIRouter(prefix="/v1/identity-checks", tags=["identity"])

# requirements 4.7
CODE_WORD_LEVEL = 1
CALL_BACK_LEVEL = 2

Id = Annotated[str, Field(max_length=ID_CHARS_MAX)]


class NewCheck(Body):
    site_id: Id
    contact_id: Id
    word: Annotated[SecretStr, Field(max_length=WORD_CHARS_MAX)] | None = None
    called_back: bool = False  # the operator has called the registered number and reached this person

    @model_validator(mode="after")
    def _some_proof(self) -> NewCheck:
        if self.word is None and not self.called_back:
            raise ValueError("give the word the caller said, or say that you called back the registered number")
        return self


@router.post("", summary="Check a contact's word, or record a call-back", responses=ASK_ERRORS)
async def check_identity(desk: TheDesk, actor: Asker, new: NewCheck) -> Granted:
    site = desk.state.sites.get(new.site_id)
    contact = site.contact(new.contact_id) if site is not None else None
    if contact is None:
        raise NotFoundError("There is no such contact at that site; `arcctl sites show` lists them.")
    outcome = IdentityOutcome.PASSED
    if new.word is not None:
        if contact.code_word_hash is None:
            raise ApiError(
                HTTPStatus.CONFLICT, "R-29", f"{contact.id} has no code word: call back the registered number."
            )
        outcome = await asyncio.to_thread(_compared, contact, new.word.get_secret_value())
    fact = IdentityChecked(
        at=desk.now(),
        site_id=new.site_id,
        contact_id=contact.id,
        outcome=outcome,
        level=CALL_BACK_LEVEL if new.called_back else CODE_WORD_LEVEL,
        actor=actor,
    )
    return granted_or_raise(await desk.ask(fact))


def _compared(contact: Contact, word: str) -> IdentityOutcome:
    """Every hash there is is tried, whatever the first one said: the time tells nothing."""
    assert contact.code_word_hash is not None, "who has no code word is called back"
    is_word = verify_word(contact.code_word_hash, word)
    is_duress = contact.duress_word_hash is not None and verify_word(contact.duress_word_hash, word)
    if is_duress:
        return IdentityOutcome.DURESS
    return IdentityOutcome.PASSED if is_word else IdentityOutcome.FAILED
