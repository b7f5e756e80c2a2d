"""The whole centre in a world that is out to break it, driven by one seed, in virtual time.

    python -m tests.sim --seed 4711             one seed, told as a story
    make sim SEEDS=100000 [FROM=…] [WORLD=…]    a night's worth, on all cores

The machine, the runtime's own methods, codecs, store twin and shipped rules are the real ones. Panels, networks,
guards, operators, disks and clocks are played. `worlds.toml` says what happens and what goes wrong; `oracle` says what
must hold whatever does. After a while the faults stop, and then everything must come to rest.

One rule: a seed and a commit are one exact run. Nothing here reads a clock, waits, or draws but from the seed.
"""
