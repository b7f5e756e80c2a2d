"""What receives from the field: buses that are polled, devices that write, mail and JSON.

One rule: as in `receiving`: put together here and nowhere else, from the settings and the sockets taken for them.
"""

from __future__ import annotations

from arcd.clock import Clock
from arcd.core.station import Station
from arcd.field_map import FieldMap
from arcd.gateways import Gateway, Intake
from arcd.gateways.modbus import ModbusGateway
from arcd.gateways.modbus_writers import ModbusWriters, WriterSpec
from arcd.listening import Sockets
from arcd.metrics import Metrics
from arcd.modbus_lines import LineSpec, ModbusLines
from arcd.settings import Settings


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

    if lines.lines:
        gateways.append(
            ModbusGateway(name="modbus", lines=lines.lines, field=field, levels=is_active, intake=intake, clock=clock)
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
