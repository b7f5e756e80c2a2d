"""Whether a host name stands for this machine only: where unencrypted traffic is acceptable.

One rule: by the name as written, without asking DNS; a resolver must not be able to widen what is acceptable.
"""

from __future__ import annotations

import ipaddress


def is_loopback(host: str) -> bool:
    if host.lower() == "localhost":  # RFC 6761 6.3: never leaves the host
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
