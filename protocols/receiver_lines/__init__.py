"""Receiver lines: what alarm receivers print for an automation system, one pure codec per dialect.

    cutting     lines out of bytes                       line_codec   what most share: replies, heartbeats, what is kept
    pulse       codes that need an agreement             dialects     the codecs by name, and their options
    surgard · ademco685 · radionics6500 · dc07 · iti · fbi_cp220      one dialect each, read and written
    osborne_hoffman · galaxy                             two formats that panels speak over IP by themselves

`Received.speaker` is RELAY for an account's message and RECEIVER for the receiver's own heartbeat or status.
"""
