"""What is measured: one row of the table is one kind of load on a daemon of its own with an empty journal.

One rule: a row is data, so that the load generator, which is another process, gets exactly what the table says.
"""

from __future__ import annotations

from msgspec import Struct

ACCOUNT_FIRST = 10_000
# Sites, each with one account, spread evenly over the connections of a row: one connection is a cloud transmitter's,
# 500 are as many communicators with two panels each. At 10,000 signals/s a site sends ten a second.
ACCOUNTS = 1_000
ZONES = 200  # so many that no detector runs away, even where every signal is an alarm
KEY = bytes(range(16))

# In flight per connection. One panel alone waits for its ACK before it speaks again: its row is pure latency. Many
# together are as many panels with something to say at once; at 50 connections four stand for the cloud transmitters
# that speak for several panels over one connection.
WINDOWS = {1: 1, 50: 4, 500: 1}

# What most sites have to say: they are opened and closed, and tell that they are well.
ROUTINE = ("OP", "CL", "RP")
# One site in ten has trouble as well: alarms into its open case, each with its restore, and people who come and go.
TROUBLED = ("BA", "BR", "OP", "CL", "RP")
TROUBLED_EVERY = 10
ALARMS = ("BA",)


class Row(Struct, frozen=True, kw_only=True):
    transport: str  # "tcp" or "udp"
    is_keyed: bool
    connections: int
    is_alarms_only: bool = False
    is_echo: bool = False  # the ceiling: the same frames to a server that sends back what it reads

    @property
    def window(self) -> int:
        return WINDOWS[self.connections]

    def codes_of(self, site: int) -> tuple[str, ...]:
        if self.is_alarms_only:
            return ALARMS
        return TROUBLED if site % TROUBLED_EVERY == 0 else ROUTINE

    @property
    def name(self) -> str:
        if self.is_echo:
            return f"echo {self.transport} {'aes' if self.is_keyed else 'plain'}"
        kinds = "alarms" if self.is_alarms_only else "mixed"
        return f"{self.transport} {'aes' if self.is_keyed else 'plain'} {kinds}"


class Order(Struct, frozen=True, kw_only=True):
    """What the load generator is told."""

    row: Row
    port: int
    warm_up_s: float
    measure_s: float


class Measured(Struct, frozen=True, kw_only=True):
    """What it found. Counts are of the measured time; `acknowledged_ever` includes warming up and running out."""

    per_second: float
    p50_ms: float
    p99_ms: float
    max_ms: float
    acknowledged: int
    acknowledged_ever: int
    refused: int
    repeats: int  # datagrams sent again


def rows(*, quick: bool) -> list[Row]:
    many = (50,) if quick else (1, 50, 500)
    measured = [
        Row(transport=transport, is_keyed=is_keyed, connections=connections)
        for transport in ("tcp", "udp")
        for is_keyed in (False, True)
        for connections in many
    ]
    alarms = [Row(transport="tcp", is_keyed=False, connections=50, is_alarms_only=True)]
    ceilings = [
        Row(transport=transport, is_keyed=False, connections=connections, is_echo=True)
        for transport in ("tcp", "udp")
        for connections in many
    ]
    return measured + alarms + ceilings


def account_of(number: int) -> str:
    return str(ACCOUNT_FIRST + number)


def sites_of(connection: int, connections: int) -> range:
    return range(connection, ACCOUNTS, connections)
