"""OASIS Common Alerting Protocol 1.2: the messages an alarm receiving centre and an emergency centre exchange.

One rule: the standard's own words and nothing of ours. `message` holds the values, `profile` what the schema
cannot say, `writer` and `reader` the XML. What a case says in these words is `arcd.core.case.authority`.

Only `writer` and `reader` need an XML library: the values can be used, kept and compared without one.
"""
