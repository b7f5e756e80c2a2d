"""What is expected of a site by the clock: openings and closings of its areas, and periodic tests (requirements 4.4).

One rule: one matter per missed event, however long it lasts and however often we are restarted meanwhile. What is found
becomes a signal of our own scheme and goes the way of every signal: flags, routes, plans.

Deadlines: `schedule/<site>/<system>/<area>` for the next event of an area, `testdue/<site>/<system>` for the next test.
"""
