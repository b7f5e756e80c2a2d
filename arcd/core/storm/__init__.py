"""Many faults with one cause are one matter (requirements 4.4, line-fault storm engine).

`model` is what is remembered of a storm, `finding` tells from the faults of the last minutes which node they share,
`engine` is a storm's life: entering, children, recovery, the remainder. Paths use it through
`arcd.core.supervision.faults`, mains failures through `mains`.

One rule: a storm holds back faults of supervision and of the mains, and never an alarm.
"""
