"""Pure decisions, and the YAML that people edit: routing packs, response plans, case types, site overlays.

    model       the values: what a rule may see, what it answers, plans and case types
    loader      texts → RuleSet and every problem with file, line and advice
    engine      RuleSet.decide and RuleSet.explain
    packtest    the tests people write inside their packs
    shipped     the packs, plans and case types that come with the package

`README.md` beside this file is the reference for those who write rules. Knows `protocols` values and nothing above.
"""
