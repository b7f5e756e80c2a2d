"""Receiver lines under supervision: many sites stand behind each, so a dead one is an emergency of our own."""
