"""CAP messages for tests: one with every field, and any at all."""

from __future__ import annotations

from hypothesis import strategies as st

from protocols.cap.message import (
    Alert,
    Area,
    CapCategory,
    Certainty,
    Circle,
    Info,
    MsgType,
    Named,
    Reference,
    Resource,
    ResponseType,
    Scope,
    Severity,
    Status,
    Urgency,
)
from protocols.cap.profile import cap_time

FULL = Alert(
    identifier="arc.example-1",
    sender="arc.example",
    sent="2026-03-04T14:00:00+02:00",
    status=Status.EXERCISE,
    msg_type=MsgType.UPDATE,
    scope=Scope.PRIVATE,
    source="arcd",
    addresses=("psap.example", "duty officer"),
    codes=("profile-1", "profile-2"),
    note="Note & <more>",
    references=(Reference(sender="arc.example", identifier="arc.example-0", sent="2026-03-04T13:59:00+02:00"),),
    incidents=("C10", "a name"),
    infos=(
        Info(
            language="fi-FI",
            categories=(CapCategory.FIRE, CapCategory.SECURITY),
            event="Palohälytys",
            response_types=(ResponseType.ASSESS, ResponseType.MONITOR),
            urgency=Urgency.IMMEDIATE,
            severity=Severity.SEVERE,
            certainty=Certainty.LIKELY,
            audience="emergency centre",
            event_codes=(Named(name="SIA-DC-03", value="FA"),),
            effective="2026-03-04T14:00:00+02:00",
            onset="2026-03-04T13:58:00+02:00",
            expires="2026-03-04T16:00:00-00:00",
            sender_name="Keskus",
            headline="Palohälytys",
            description="Rivi 1\nRivi 2",
            instruction="Ovi B",
            web="https://arc.example/C10",
            contact="Keskus",
            parameters=(Named(name="avs-level", value="2"), Named(name="empty", value="")),
            resources=(
                Resource(
                    resource_desc="image",
                    mime_type="image/jpeg",
                    size=1024,
                    uri="https://arc.example/1.jpg",
                    deref_uri="AAEC",
                    digest="da39a3ee5e6b4b0d3255bfef95601890afd80709",
                ),
            ),
            areas=(
                Area(
                    area_desc="Esimerkkitie 5",
                    polygons=("60.1,24.9 60.2,24.9 60.2,25.0 60.1,24.9",),
                    circles=(Circle(latitude=60.17, longitude=24.94, radius_km=0.05),),
                    geocodes=(Named(name="municipality", value="091"),),
                    altitude="12.5",
                    ceiling="60",
                ),
            ),
        ),
    ),
)

# Characters of XML 1.0; a carriage return would come back as it went, but no panel text needs one.
_chars = st.characters(codec="utf-8", exclude_categories=("Cs", "Cc"), exclude_characters="\ufffe\uffff")
texts = st.text(_chars, max_size=30)
_words = st.text(st.sampled_from("abcXYZ019.-_äö"), min_size=1, max_size=12)
_instants = st.integers(0, 4_000_000_000).map(lambda s: s * 1_000_000_000)
_offsets = st.integers(-14 * 60, 14 * 60).map(lambda m: m * 60)
times = st.builds(cap_time, _instants, _offsets)
_named = st.builds(Named, name=texts, value=texts)
_references = st.builds(Reference, sender=_words, identifier=_words, sent=times)
_degrees = st.integers(-90 * 10**7, 90 * 10**7).map(lambda n: n / 10**7)
_radii = st.integers(0, 10**6).map(lambda n: n / 1000)
_areas = st.builds(
    Area,
    area_desc=texts.filter(bool),
    circles=st.lists(
        st.builds(
            Circle, latitude=_degrees, longitude=_degrees, radius_km=st.integers(0, 10**6).map(lambda n: n / 1000)
        ),
        max_size=2,
    ).map(tuple),
    geocodes=st.lists(_named, max_size=2).map(tuple),
)
_infos = st.builds(
    Info,
    categories=st.lists(st.sampled_from(list(CapCategory)), min_size=1, max_size=3).map(tuple),
    event=texts.filter(bool),
    urgency=st.sampled_from(list(Urgency)),
    severity=st.sampled_from(list(Severity)),
    certainty=st.sampled_from(list(Certainty)),
    language=st.sampled_from(["", "fi-FI", "sv-FI", "en-GB"]),
    response_types=st.lists(st.sampled_from(list(ResponseType)), max_size=2).map(tuple),
    event_codes=st.lists(_named, max_size=2).map(tuple),
    onset=st.just("") | times,
    headline=texts,
    description=texts,
    parameters=st.lists(_named, max_size=3).map(tuple),
    areas=st.lists(_areas, max_size=2).map(tuple),
)
alerts = st.builds(
    Alert,
    identifier=_words,
    sender=_words,
    sent=times,
    status=st.sampled_from(list(Status)),
    msg_type=st.sampled_from(list(MsgType)),
    scope=st.just(Scope.PRIVATE),
    addresses=st.lists(_words, min_size=1, max_size=3).map(tuple),
    note=texts,
    references=st.lists(_references, min_size=1, max_size=3).map(tuple),
    incidents=st.lists(_words, max_size=2).map(tuple),
    infos=st.lists(_infos, max_size=2).map(tuple),
)
