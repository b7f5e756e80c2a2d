"""What `arcctl decode` calls the parts of a frame, in Finnish, Swedish and English.

One rule: every part that `protocols.dissection` can name has its words here; a test holds the two together.
"""

from __future__ import annotations

from typing import Final

Words = tuple[str, str, str]  # fi, sv, en
_ORDER: Final = ("fi", "sv", "en")

PARTS: Final[dict[str, Words]] = {
    "lf": ("alkumerkki", "startecken", "start of frame"),
    "cr": ("loppumerkki", "slutecken", "end of frame"),
    "crc": ("tarkiste CRC-16/ARC", "kontrollsumma CRC-16/ARC", "check CRC-16/ARC"),
    "crc_binary": (
        "tarkiste CRC-16/ARC kahtena tavuna (vanha laite)",
        "kontrollsumma CRC-16/ARC som två byte (äldre apparat)",
        "check CRC-16/ARC as two bytes (early device)",
    ),
    "length": ("pituus", "längd", "length"),
    "id": ("sanoman laji, * = salattu", "meddelandetyp, * = krypterat", "message type, * = encrypted"),
    "sequence": ("järjestysnumero", "löpnummer", "sequence number"),
    "receiver": ("vastaanottimen numero", "mottagarnummer", "receiver number"),
    "line": ("linja tai tilaajanumeron etuliite", "linje eller kontoprefix", "line or account prefix"),
    "account": ("tilaajanumero", "kontonummer", "account number"),
    "open": ("sisältö alkaa", "innehållet börjar", "content begins"),
    "close": ("sisältö päättyy", "innehållet slutar", "content ends"),
    "data": ("sisältö", "innehåll", "content"),
    "ciphertext": (
        "salattu sisältö (AES-CBC, heksana)",
        "krypterat innehåll (AES-CBC, hex)",
        "sealed content (AES-CBC, hex)",
    ),
    "pad": ("satunnaistäyte", "slumputfyllnad", "random pad"),
    "extended": ("lisätieto", "tilläggsdata", "extended data"),
    "timestamp": ("aikaleima (UTC)", "tidsstämpel (UTC)", "timestamp (UTC)"),
    "form": ("rivin muoto", "radens form", "form of the line"),
    "command": ("komento", "kommando", "command"),
    "payload": ("sisältö", "innehåll", "payload"),
    "check": ("tarkiste", "kontrolltecken", "check"),
    "soh": ("lohko alkaa", "blocket börjar", "block begins"),
    "header": ("otsake", "huvud", "header"),
    "stx": ("tietueet alkavat", "posterna börjar", "records begin"),
    "record": ("tietue", "post", "record"),
    "rs": ("tietueen erotin", "postavskiljare", "record separator"),
    "etx": ("tietueet päättyvät", "posterna slutar", "records end"),
    "bcc": ("lohkon tarkiste BCC", "blockets kontrolltecken BCC", "block check BCC"),
    "mt": ("sanomatyyppi (18, 98)", "meddelandetyp (18, 98)", "message type (18, 98)"),
    "q": (
        "1 uusi, 3 palautuminen, 6 yhä voimassa",
        "1 ny, 3 återställning, 6 kvarstår",
        "1 new, 3 restore, 6 still present",
    ),
    "code": ("tapahtumakoodi", "händelsekod", "event code"),
    "area": ("alue", "område", "area"),
    "address": ("silmukka tai käyttäjä", "sektion eller användare", "zone or user"),
    "rest": ("ylimääräistä", "överflödigt", "more than belongs here"),
    "unexpected": ("ei kelpaa tähän", "hör inte hit", "does not belong here"),
    "missing": ("puuttuu", "saknas", "missing"),
}

# DC-09-2026 5.5.1.8; protocols.dc09.extended says where each goes.
LETTERS: Final[dict[str, Words]] = {
    "A": ("todennustiiviste", "autentiseringshash", "authentication hash"),
    "C": ("valvontaluokka", "övervakningskategori", "supervision category"),
    "G": ("siirtotie", "överföringsväg", "network path"),
    "H": ("tapahtuma-aika", "händelsetid", "time of occurrence"),
    "I": ("hälytysteksti", "larmtext", "alarm text"),
    "J": ("JSON-tieto tai siirtotie", "JSON-data eller överföringsväg", "JSON data or network path"),
    "K": ("salausavain (ei näytetä)", "krypteringsnyckel (visas inte)", "encryption key (not shown)"),
    "L": ("sijainti", "plats", "location"),
    "M": ("MAC-osoite", "MAC-adress", "MAC address"),
    "N": ("verkko-osoite", "nätverksadress", "network address"),
    "O": ("rakennus", "byggnad", "building"),
    "P": ("ohjelmointitieto", "programmeringsdata", "programming data"),
    "R": ("huone", "rum", "room"),
    "S": ("kohteen nimi", "objektets namn", "site name"),
    "T": ("laukaisija", "utlösare", "trigger"),
    "V": ("kuva- tai ääniosoite", "bild- eller ljudadress", "picture or sound address"),
    "X": ("pituusaste", "longitud", "longitude"),
    "Y": ("leveysaste", "latitud", "latitude"),
    "Z": ("korkeus", "höjd", "altitude"),
}
RECORDS: Final[dict[str, Words]] = {
    "1": ("kutsuosoite", "anropsadress", "call address"),
    "2": ("näyttöteksti", "visningstext", "display text"),
    "3": ("äänimerkki", "tonkod", "beep code"),
    "4": ("kutsun laji", "anropstyp", "call type"),
    "5": ("lähetyskerrat", "antal sändningar", "number of transmissions"),
    "6": ("kiireellisyys", "prioritet", "priority"),
    "7": ("kutsun tila", "anropsstatus", "call status"),
    "8": ("järjestelmän tila", "systemstatus", "system status"),
}
CATEGORIES: Final[dict[str, Words]] = {
    "fire": ("palo", "brand", "fire"),
    "holdup": ("ryöstö", "rån", "hold-up"),
    "duress": ("pakkotilanne", "tvång", "duress"),
    "medical": ("avunpyyntö", "nödanrop", "medical"),
    "intrusion": ("murto", "inbrott", "intrusion"),
    "tamper": ("ilkivalta", "sabotage", "tamper"),
    "technical": ("kiinteistötekniikka", "fastighetsteknik", "building services"),
    "trouble": ("laitevika", "apparatfel", "equipment trouble"),
    "supervision": ("yhteyden valvonta", "förbindelseövervakning", "line supervision"),
    "open_close": ("päälle- ja poiskytkentä", "till- och frånkoppling", "arming and disarming"),
    "bypass": ("ohitus", "förbikoppling", "bypass"),
    "access": ("kulunvalvonta", "passage", "access"),
    "cancel": ("peruutus", "återkallelse", "cancel"),
    "test": ("koestus", "provning", "test"),
    "system": ("järjestelmä", "system", "system"),
    "unknown": ("tuntematon", "okänd", "unknown"),
}
QUALIFIERS: Final[dict[str, Words]] = {
    "new": ("uusi", "ny", "new"),
    "restore": ("palautuminen", "återställning", "restore"),
    "status": ("yhä voimassa", "kvarstår", "still present"),
}
KINDS: Final[dict[str, Words]] = {
    "signals": ("ilmoituksia", "meddelanden", "signals"),
    "link_test": ("yhteystesti", "förbindelsetest", "link test"),
    "opaque": (
        "ei tulkittu, säilytetään ja nostetaan esiin",
        "ej tolkat, sparas och visas",
        "not understood, kept and raised",
    ),
}
PLACES: Final[dict[str, Words]] = {
    "area": ("alue", "område", "area"),
    "zone": ("silmukka", "sektion", "zone"),
    "user": ("käyttäjä", "användare", "user"),
}
SENTENCES: Final[dict[str, Words]] = {
    "right": ("oikein", "rätt", "right"),
    "wrong": ("VÄÄRIN", "FEL", "WRONG"),
    "would_be": ("oikea olisi", "rätt vore", "right would be"),
    "clock": ("laitteen kello", "apparatens klocka", "panel's clock"),
    "added": ("lisätty puuttuvat merkit", "saknade tecken har lagts till", "put around the paste"),
    "no_table": ("koodi ei ole missään taulukossa", "koden finns inte i någon tabell", "the code is in no table"),
    "panel": ("laitteelta itseltään", "från apparaten själv", "from the panel itself"),
    "relay": ("vastaanottimen välittämä", "vidarebefordrat av en mottagare", "passed on by a receiver"),
    "receiver": ("vastaanottimen oma sanoma", "mottagarens eget meddelande", "the receiver's own message"),
    "would_reply": ("hyväksyttynä vastattaisiin", "vid godkännande besvaras med", "when taken it would be answered"),
}


def word(table: dict[str, Words], key: str, language: str) -> str:
    """The words for a key; the key itself where a sender has made one up."""
    found = table.get(key)
    return key if found is None else found[_ORDER.index(language)]
