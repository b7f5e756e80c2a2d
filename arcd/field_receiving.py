"""What receives from the field: buses that are polled, devices that write, mail and JSON.

One rule: as in `receiving`: put together here and nowhere else, from the settings and the sockets taken for them.
"""

from __future__ import annotations

from arcd.clock import Clock
from arcd.core.station import Station
from arcd.credentials import CredentialError, Kek, TokenSafe, read_secret
from arcd.field_map import FieldMap
from arcd.gateways import Gateway, Intake
from arcd.gateways.http_intake import HttpIntake
from arcd.gateways.intake_door import HeldPictures, IntakeDoor
from arcd.gateways.modbus import ModbusGateway
from arcd.gateways.modbus_writers import ModbusWriters, WriterSpec
from arcd.gateways.smtp import SmtpGateway
from arcd.listening import Sockets
from arcd.media import MediaStore
from arcd.metrics import Metrics
from arcd.modbus_lines import LineSpec, ModbusLines
from arcd.settings import Settings
from arcd.start_error import StartError


def make_lines(settings: Settings) -> ModbusLines:
    """Shared by what polls and what switches: a serial line has one master."""
    return ModbusLines(
        [
            LineSpec(
                name=line.name,
                devices=dict(line.devices),
                address=(line.tcp.host, line.tcp.port) if line.tcp is not None else None,
                serial=line.serial,
                baud_rate=line.baud_rate,
                parity=line.parity,
                stop_bits=line.stop_bits,
                timeout_s=line.timeout_s,
                poll_s=line.poll_s,
                lost_after_s=line.lost_after_s,
            )
            for line in settings.modbus.lines
        ]
    )


def make_field_gateways(
    settings: Settings, sockets: Sockets, field: FieldMap, lines: ModbusLines, station: Station, intake: Intake,
    clock: Clock, metrics: Metrics,
) -> list[Gateway]:  # fmt: skip
    gateways: list[Gateway] = []

    def is_active(key: str) -> bool:
        return key in station.state.levels

    # Also without a line: a site base that names a device must not be the only one who knows of it.
    gateways.append(
        ModbusGateway(
            name="modbus",
            lines=lines.lines,
            field=field,
            levels=is_active,
            intake=intake,
            clock=clock,
            written_by=settings.modbus.writers.devices,
        )
    )
    writers = settings.modbus.writers
    if sockets.modbus:
        spec = WriterSpec(devices=dict(writers.devices), networks=writers.networks, silence_s=writers.silence_s)
        gateways.append(
            ModbusWriters(
                name="modbus-writers",
                spec=spec,
                listeners=sockets.modbus,
                field=field,
                levels=is_active,
                intake=intake,
                clock=clock,
                metrics=metrics,
            )
        )
    return gateways


def make_intake_gateways(
    settings: Settings, sockets: Sockets, field: FieldMap, kek: Kek, intake: Intake, clock: Clock,
    metrics: Metrics, held: HeldPictures,
) -> list[Gateway]:  # fmt: skip
    """Mail and JSON. StartError when a certificate, the password or the media directory cannot be used."""
    if not sockets.smtp and sockets.http is None:
        return []
    try:
        media = MediaStore(
            settings.media.directory,
            bytes_max=settings.media.bytes_max,
            retention_days=settings.media.retention_days,
            now=clock.now,
        )

        def door(name: str, protocol: str, kind: str) -> IntakeDoor:
            return IntakeDoor(
                gateway=name, protocol=protocol, kind=kind, field=field, tokens=TokenSafe(kek), media=media,
                intake=intake, clock=clock, metrics=metrics, held=held,
            )  # fmt: skip

        gateways: list[Gateway] = []
        mail = settings.mail_intake
        if sockets.smtp:
            password = read_secret(mail.password.credential, file=mail.password.file) if mail.user else None
            gateways.append(
                SmtpGateway(
                    name="smtp",
                    door=door("smtp", "smtp", "mail"),
                    listeners=sockets.smtp,
                    domain=mail.domain,
                    networks=mail.networks,
                    certificate=mail.certificate,
                    user=mail.user,
                    password=password,
                    message_bytes_max=mail.message_bytes_max,
                )
            )
        if sockets.http is not None:
            gateways.append(
                HttpIntake(
                    name="http",
                    door=door("http", "http", "http"),
                    listener=sockets.http,
                    body_bytes_max=settings.http_intake.body_bytes_max,
                    certificate=settings.http_intake.certificate,
                )
            )
        return gateways
    except (CredentialError, OSError) as error:
        raise StartError(f"mail and HTTP intake: {error}") from None
