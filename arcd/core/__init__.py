"""The pure state machine: facts in, effects out. No I/O, no clock, no logging, no randomness.

- `facts`, `effects`: the two vocabularies; `record`: what one step leaves in the journal
- `state`, `deadlines`: what is remembered; `turn`: one fact's workspace
- `station`: the only mutator; `intake` and `conditioning`: a frame's way to a judgement on each of its signals
- `case`: the one engine for every matter people work on
- `flags`, `identity`, `schedules`: on test and maintenance, who may say so, and what is expected when
"""
