"""Outputs: doors, gates, sirens. Who may have them switched, and what is known of them afterwards."""
