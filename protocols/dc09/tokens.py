"""The id tokens of DC-09-2026 5.5 and Annex H, for people.

One rule: a token decides nothing by standing here. SIA-DCS and ADM-CID are decoded, NULL and XNM prove life, and every
other token, listed or not, is kept whole as an opaque signal under its account and put before a person.
Source: siadc09 1.0.1 dc09.py, a single list; NULL, ACK, NAK, DUH, RSP, SIA-DCS and ADM-CID by two sources and more.
"""

from __future__ import annotations

from typing import Final

LINK_TESTS: Final = frozenset({"NULL", "XNM"})  # DC-09-2013 5.5.2.1, DC-09-2026 Annex H

TOKENS: Final = {
    "NULL": "link test",
    "XNM": "link test with extended data",
    "SIA-DCS": "SIA DC-03 blocks",
    "SIA-PUL": "generic pulse",
    "SIA-S2K": "SIA 2000",
    "ADM-CID": "Ademco Contact ID, SIA DC-05",
    "ADM-41E": "Ademco 4-1 express",
    "ADM-42E": "Ademco 4-2 express",
    "ADM-HS": "Ademco high speed",
    "ACR-SF": "Acron super fast",
    "DSC-43": "DSC 4-3",
    "FBI-SF": "FBI super fast",
    "ITI-I": "ITI",
    "SCN-S8": "Scancom 4-8-1, 5-8-1, 6-8-1",
    "SCN-S16": "Scancom 4-16-1, 5-16-1, 6-16-1",
    "SCN-S24": "Scancom 4-24-1, 5-24-1, 6-24-1",
    "SCT": "Scantronics, reserved",
    "SES-SS": "Sescoa super speed",
    "SK-FSK1": "Silent Knight FSK 1",
    "SK-FSK2": "Silent Knight FSK 2",
}
