"""Outputs: how far another system has followed our journal, and when it is wanted to."""
