"""Receiver lines: what alarm receivers print for an automation system, one pure codec per dialect.

    cutting     lines out of bytes              line_codec   what all of them share: replies, heartbeats, what is kept
    pulse       codes that need an agreement    surgard · ademco685   one dialect each

`Received.speaker` is RELAY for an account's message and RECEIVER for the receiver's own heartbeat or status.
"""
