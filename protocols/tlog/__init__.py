"""Transparency log formats: the Merkle tree of RFC 9162, and the signed notes and checkpoints of C2SP.

One rule: pure values and bytes. Who signs, when, and where copies go is the daemon's.
"""
