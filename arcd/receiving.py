"""The gateways that the settings ask for, each on the sockets that were taken for it.

One rule: what is received, and how it is read, is put together here and nowhere else.
"""

from __future__ import annotations

import os

from arcd.clock import Clock
from arcd.core.facts.receiver_lines import LineRole, LineSetUp
from arcd.dialects import ESPA, codec_maker, read_options
from arcd.gateways import Gateway, Intake
from arcd.gateways.espa import EspaGateway
from arcd.gateways.kept_open import KeptOpenGateway
from arcd.gateways.line import Line, Port
from arcd.gateways.line_tcp import LineServerGateway, TcpClientPort
from arcd.gateways.serial import SerialPort
from arcd.gateways.tcp import TcpGateway
from arcd.gateways.udp import UdpGateway
from arcd.listening import Sockets
from arcd.metrics import Metrics
from arcd.settings import LineSettings, Settings
from arcd.tls_certificate import TlsCertificate
from protocols.codec import Profiles
from protocols.dc09 import Dc09Codec
from protocols.espa444 import EspaSettings


def make_gateways(
    settings: Settings,
    sockets: Sockets,
    profile: Profiles,
    intake: Intake,
    clock: Clock,
    metrics: Metrics,
    certificate: TlsCertificate | None = None,
) -> list[Gateway]:
    limits = settings.limits
    gateways: list[Gateway] = []
    # TLS is a gateway of its own with places of its own: calls for handshakes take none from plain panels.
    for name, listeners, context in (
        ("dc09-tcp", sockets.tcp, None),
        ("dc09-tls", sockets.tls, None if certificate is None else certificate.context),
    ):
        if not listeners:
            continue
        assert (context is not None) is (name == "dc09-tls")
        gateways.append(
            TcpGateway(
                name=name,
                protocol="dc09",
                listeners=listeners,
                new_codec=lambda: Dc09Codec(profile, pad=os.urandom),
                intake=intake,
                clock=clock,
                metrics=metrics,
                connections_max=limits.connections_max,
                connections_per_source_max=limits.connections_per_source_max,
                idle_timeout_s=limits.idle_timeout_s,
                frame_timeout_s=limits.frame_timeout_s,
                profiles=profile,
                tls_context=context,
            )
        )
    if sockets.udp:
        gateways.append(
            UdpGateway(
                name="dc09-udp",
                protocol="dc09",
                sockets=sockets.udp,
                new_codec=lambda: Dc09Codec(profile, pad=os.urandom, datagram=True),
                intake=intake,
                clock=clock,
                metrics=metrics,
                profiles=profile,
                queue_depth_max=limits.queue_depth_max,
            )
        )
    for line in settings.lines:
        gateways.append(_make_line(line, sockets, profile, intake, clock, metrics))
    return gateways


def _make_line(
    settings: LineSettings, sockets: Sockets, profile: Profiles, intake: Intake, clock: Clock, metrics: Metrics
) -> Gateway:
    options = read_options(settings.dialect, settings.options)
    line = Line(
        name=settings.name,
        protocol=settings.dialect,
        new_codec=codec_maker(settings.dialect, options, profile),
        intake=intake,
        clock=clock,
        metrics=metrics,
        receiver=settings.receiver,
    )
    port = _port(settings)
    if isinstance(options, EspaSettings):
        assert port is not None, "checked in arcd.settings.contradictions"
        return EspaGateway(line, port, options)
    if port is not None:
        return KeptOpenGateway(line, port)
    assert settings.listen is not None
    return LineServerGateway(
        line,
        sockets.lines[settings.name],
        allowed=settings.listen.allow,
        connections_max=settings.listen.connections_max,
    )


def _port(settings: LineSettings) -> Port | None:
    if settings.serial is not None:
        return SerialPort(str(settings.serial.port), settings.serial.serial_mode)
    if settings.connect is not None:
        return TcpClientPort(settings.connect.host, settings.connect.port)
    return None


def lines_set_up(settings: Settings) -> tuple[LineSetUp, ...]:
    """What the core is told about the lines of this run."""
    return tuple(
        LineSetUp(
            name=line.name,
            dialect=line.dialect,
            where=line.where,
            role=LineRole.PAGER if line.dialect == ESPA else LineRole.RECEIVER,
            silence_s=line.silence_s,
        )
        for line in settings.lines
    )
