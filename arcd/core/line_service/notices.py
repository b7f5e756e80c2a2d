"""Faults reported to the transmission operators, and the end of them (R-19).

A line that has failed waits a little for others of its operator. Then there is one notice for each site, or, where
many fell together, one for them all; the lines that follow soon after join it. When they are back there is one notice
of that, to whoever got the first.

One rule: nobody hears of a fault's end who never heard of the fault, and nobody twice.
"""

from __future__ import annotations

from msgspec.structs import replace

from arcd.core.case.outgoing import on_duty
from arcd.core.case.texts import local_clock, render
from arcd.core.delivery import ask_for, withdraw
from arcd.core.effects import PostWebhook, SendMail
from arcd.core.facts import EffectOutcome, OperatorAnswered
from arcd.core.line_service.model import LISTED_MAX, WAITING, NoticeLine, OperatorNotice
from arcd.core.line_service.texts import TEXTS, duration_text
from arcd.core.site import Site, System, TransmissionOperator, TransmissionPath
from arcd.core.turn import NS, Turn, text_in

# A failed line has settled for half a minute when it comes here (requirements 4.4); others of the same cause come in
# the same few seconds.
SETTLE_S = 10.0
WIDE_MIN = 10  # requirements 4.4: so many make a storm
# So long a line that fails joins the wide notice that has been sent; afterwards it is news.
WIDE_JOIN_S = 900.0
WIDE_OVER_RATIO = 0.05  # so many may still be down when a wide disturbance is called over
REST_S = 900.0  # and these are reported by themselves after so long
KEPT_S = 30 * 86_400.0  # after its end; the journal keeps it for good
CHARS_MAX = 500


def failed(turn: Turn, operator_id: str, key: str, since: int) -> None:
    """A line of this operator is down; it waits for others."""
    if turn.centre.transmission_operator(operator_id) is None or key in turn.state.line_notices:
        return
    turn.state.line_notices.put(key, WAITING)
    turn.state.lines_waiting.put(key, NoticeLine(key=key, operator_id=operator_id, since=since))
    _settle_at(turn, operator_id, turn.after(SETTLE_S))


def restored(turn: Turn, key: str) -> None:
    notice_id = turn.state.line_notices.get(key)
    turn.state.line_notices.drop(key)
    turn.state.lines_waiting.drop(key)
    notice = turn.state.operator_notices.get(notice_id or "")
    if notice is None:
        return  # it came back before anybody was told
    lines = tuple(replace(line, up_at=turn.at) if line.key == key else line for line in notice.lines)
    notice = replace(notice, lines=lines, down=notice.down - 1)
    turn.state.operator_notices.put(notice.id, notice)
    if notice.over_at is None and notice.down <= (notice.count * WIDE_OVER_RATIO if notice.is_wide else 0):
        _end(turn, notice)


def on_deadline(turn: Turn, name: str, what: str) -> None:
    if what == "settle":
        _settle(turn, name)
    else:
        assert what == "forget", what
        turn.state.operator_notices.drop(name)


def _settle_at(turn: Turn, operator_id: str, due: int) -> None:
    key = f"notice/{operator_id}/settle"
    standing = turn.deadlines.due_of(key)
    turn.deadlines.set(key, due if standing is None else min(due, standing))


# ------------------------------------------------------------------------------------------------------------ the fault


def _settle(turn: Turn, operator_id: str) -> None:
    operator = turn.centre.transmission_operator(operator_id)
    # In the order of their keys: after a restore the table stands in another one.
    lines_waiting = sorted(turn.state.lines_waiting.values(), key=lambda line: line.key)
    mine = [line for line in lines_waiting if line.operator_id == operator_id]
    waiting = [line for line in mine if line.held_until <= turn.at]
    for line in waiting:
        turn.state.lines_waiting.drop(line.key)
    if len(waiting) < len(mine):
        _settle_at(turn, operator_id, min(line.held_until for line in mine if line.held_until > turn.at))
    if operator is None or not waiting:
        return
    wide = _wide_notice(turn, operator_id)
    if wide is not None:
        _put_lines(turn, replace(wide, count=wide.count + len(waiting), down=wide.down + len(waiting)), waiting)
        turn.note("operator.joined", notice=wide.id, operator=operator_id, lines=len(waiting))
    elif len(waiting) >= WIDE_MIN:
        _report(turn, operator, "", waiting)
    else:
        by_site: dict[str, list[NoticeLine]] = {}
        for line in waiting:
            by_site.setdefault(line.key.partition("/")[0], []).append(line)
        for site_id, lines in by_site.items():
            _report(turn, operator, site_id, lines)


def _wide_notice(turn: Turn, operator_id: str) -> OperatorNotice | None:
    since = turn.at - int(WIDE_JOIN_S * NS)
    return next(
        (
            notice
            for notice in turn.state.operator_notices.values()
            if notice.operator_id == operator_id and notice.is_wide and notice.over_at is None and notice.at >= since
        ),
        None,
    )


def _put_lines(turn: Turn, notice: OperatorNotice, lines: list[NoticeLine]) -> None:
    for line in lines:
        turn.state.line_notices.put(line.key, notice.id)
        turn.refs[f"site/{line.key.partition('/')[0]}"] = None
    listed = (*notice.lines, *lines)[:LISTED_MAX]
    turn.state.operator_notices.put(notice.id, replace(notice, lines=listed))


def _report(turn: Turn, operator: TransmissionOperator, site_id: str, lines: list[NoticeLine]) -> None:
    notice = OperatorNotice(
        id=turn.new_id("N"),
        operator_id=operator.id,
        at=turn.at,
        site_id=site_id,
        lines=tuple(lines[:LISTED_MAX]),
        count=len(lines),
        down=len(lines),
    )
    language = operator.language
    values = {
        **_values(turn, operator, notice),
        "lines": "\n".join(_line_text(turn, line, language) for line in lines[:LISTED_MAX]),
        "phone": _phone_text(turn, language),
    }
    effect_id = _send(turn, operator, notice, "wide" if notice.is_wide else "fault", values)
    _put_lines(turn, replace(notice, lines=(), effect_id=effect_id), lines)
    turn.note(
        "operator.notified", notice=notice.id, operator=operator.id, site=site_id, lines=len(lines), effect=effect_id
    )


def _send(turn: Turn, operator: TransmissionOperator, notice: OperatorNotice, what: str, values: dict[str, str]) -> str:
    """By mail where there is an address, else to the operator's own system. The effect's id; "" where there is neither:
    then the clock of a case calls somebody, who telephones."""
    subject = render(text_in(TEXTS[f"{what}.subject"], operator.language), values)
    body = render(text_in(TEXTS[f"{what}.body"], operator.language), values)
    if operator.email is not None:
        effect_id = turn.new_id("E")
        ask_for(turn, SendMail(id=effect_id, to=(operator.email,), subject=subject, body=body, notice_id=notice.id))
        return effect_id
    if operator.webhook_url is None:
        return ""
    effect_id = turn.new_id("E")
    payload: dict[str, object] = {
        "notice": notice.id,
        "ticket": notice.ticket,
        "subject": subject,
        "text": body,
        "lines": [{"line": line.key, "last_heard_ns": line.since} for line in notice.lines],
        "count": notice.count,
        "down": notice.down,
    }
    topic = "line.over" if what.endswith("over") else "line.fault"
    ask_for(
        turn, PostWebhook(id=effect_id, url=operator.webhook_url, topic=topic, payload=payload, notice_id=notice.id)
    )
    return effect_id


def _values(turn: Turn, operator: TransmissionOperator, notice: OperatorNotice) -> dict[str, str]:
    site = turn.state.sites.get(notice.site_id)
    return {
        "notice_id": notice.id,
        "site_name": site.name if site else notice.site_id,
        "site_address": _address(site),
        "count": str(notice.count),
        "centre_name": turn.centre.name,
        "ticket": render(text_in(TEXTS["ticket"], operator.language), {"ticket": notice.ticket})
        if notice.ticket
        else "",
    }


def _address(site: Site | None) -> str:
    return ", ".join(part for part in (site.address, site.municipality) if part) if site else ""


def _phone_text(turn: Turn, language: str) -> str:
    phone = next((phone for contact in on_duty(turn) for phone in contact.phones), "")
    return render(text_in(TEXTS["phone"], language), {"phone": phone}) if phone else ""


def _line_text(turn: Turn, line: NoticeLine, language: str) -> str:
    site_id, system_id, path_id = line.key.split("/")
    site = turn.state.sites.get(site_id)
    path = next((each for each in _paths(site, system_id) if each.id == path_id), None)
    circuit = path.circuit if path else ""
    named = TEXTS["circuit" if circuit else "no_circuit"]
    values = {
        "site_name": site.name if site else site_id,
        "site_address": _address(site),
        "path": render(text_in(named, language), {"path": f"{system_id}/{path_id}", "circuit": circuit}),
        "heard": local_clock(line.since, site.timezone if site else "Europe/Helsinki"),
    }
    return render(text_in(TEXTS["line"], language), values)


def _paths(site: Site | None, system_id: str) -> tuple[TransmissionPath, ...]:
    system = system_of(site, system_id)
    return system.paths if system else ()


def system_of(site: Site | None, system_id: str) -> System | None:
    return next((each for each in site.systems if each.id == system_id), None) if site else None


def operator_of(site: Site | None, system_id: str, path_id: str) -> str:
    system = system_of(site, system_id)
    path = next((each for each in system.paths if each.id == path_id), None) if system else None
    return (path.operator if path else "") or (system.transmission_operator if system else "")


# -------------------------------------------------------------------------------------------------------------- its end


def _end(turn: Turn, notice: OperatorNotice) -> None:
    """Told once. A mail that never left, or never arrived, needs no other that takes it back."""
    notice = replace(notice, over_at=turn.at)
    operator = turn.centre.transmission_operator(notice.operator_id)
    pending = turn.state.pending.get(notice.effect_id)
    if pending is not None and pending.waiting:
        withdraw(turn, notice.effect_id)
        notice = replace(notice, is_undelivered=True)
    effect_id = ""
    if operator is not None and notice.effect_id and not notice.is_undelivered:
        effect_id = _send_over(turn, operator, notice)
    turn.note("operator.over", notice=notice.id, operator=notice.operator_id, effect=effect_id, down=notice.down)
    turn.state.operator_notices.put(notice.id, replace(notice, over_effect_id=effect_id))
    turn.deadlines.set(f"notice/{notice.id}/forget", turn.after(KEPT_S))
    if notice.down:
        _report_rest(turn, notice)


def _send_over(turn: Turn, operator: TransmissionOperator, notice: OperatorNotice) -> str:
    site = turn.state.sites.get(notice.site_id)
    language = operator.language
    began = min((line.since for line in notice.lines), default=notice.at)
    values = {
        **_values(turn, operator, notice),
        "over": local_clock(turn.at, site.timezone if site else "Europe/Helsinki"),
        "lasted": duration_text((turn.at - began) / NS, language),
        "up": str(notice.count - notice.down),
        "rest": text_in(TEXTS["rest"], language) if notice.down else "",
    }
    return _send(turn, operator, notice, "wide_over" if notice.is_wide else "over", values)


def _report_rest(turn: Turn, notice: OperatorNotice) -> None:
    """requirements 4.4, recovery: what has not come back with the others is a fault of its own."""
    rest = sorted(key for key, notice_id in turn.state.line_notices.items() if notice_id == notice.id)
    since = {line.key: line.since for line in notice.lines}
    held_until = turn.after(REST_S)
    for key in rest:
        turn.state.line_notices.put(key, WAITING)
        line = NoticeLine(
            key=key, operator_id=notice.operator_id, since=since.get(key, notice.at), held_until=held_until
        )
        turn.state.lines_waiting.put(key, line)
    _settle_at(turn, notice.operator_id, held_until)


# ----------------------------------------------------------------------------------------------------- what comes of it


def on_effect_settled(turn: Turn, notice_id: str, effect_id: str, outcome: EffectOutcome) -> OperatorNotice | None:
    """The notice whose fault has just been told, or None."""
    notice = turn.state.operator_notices.get(notice_id)
    if notice is None:
        return None
    is_delivered = outcome is EffectOutcome.DELIVERED
    if effect_id == notice.over_effect_id:
        notice = replace(notice, over_delivered_at=turn.at if is_delivered else None)
    elif is_delivered:
        notice = replace(notice, delivered_at=turn.at)
    else:
        notice = replace(notice, is_undelivered=True)
    turn.state.operator_notices.put(notice.id, notice)
    if not is_delivered:
        turn.note("operator.not_reached", notice=notice.id, operator=notice.operator_id)
    return notice if is_delivered and effect_id == notice.effect_id else None


def answer(turn: Turn, fact: OperatorAnswered) -> OperatorNotice | None:
    """A ticket number, and what was said; a later word replaces an earlier one, the journal has both."""
    notice = turn.state.operator_notices.get(fact.notice_id)
    if notice is None:
        turn.refuse("notice.unknown", f"No notice {fact.notice_id}; `arcctl notices list` lists them.")
        return None
    ticket, said = fact.ticket.strip(), fact.answer.strip()
    if not (ticket or said) or len(ticket) > CHARS_MAX or len(said) > CHARS_MAX:
        turn.refuse("notice.answer", f"Say the ticket number, the answer, or both, in 1 to {CHARS_MAX} characters.")
        return None
    notice = replace(
        notice,
        ticket=ticket or notice.ticket,
        answer=said or notice.answer,
        answered_at=turn.at,
        answered_by=fact.actor.id,
        repair_expected_at=fact.repair_expected_at or notice.repair_expected_at,
    )
    turn.state.operator_notices.put(notice.id, notice)
    turn.note(
        "operator.answered", notice=notice.id, operator=notice.operator_id, ticket=notice.ticket, by=fact.actor.id
    )
    turn.grant(notice.id)
    return notice
