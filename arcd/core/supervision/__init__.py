"""Line supervision (R-17 to R-21): paths and transmission systems that fall silent, and what becomes of it.

`limits` says how long a silence may last, `paths` which path a frame came over, `watch` keeps the time of those that
are up, `faults` decides on those that are not, `changes` is the one place where a change of a path or a transmission
system is told to the rest of the machine. Many faults with one cause are `arcd.core.storm`.
"""
