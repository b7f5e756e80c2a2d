"""The pure state machine: facts in, effects out. No I/O, no clock, no logging, no randomness.

facts, effects    the two vocabularies             record      what one step leaves in the journal
state, deadlines  what is remembered               turn        one fact's workspace
station           the only mutator                 intake      a frame's way through conditioning to a case
case/             the one engine for every matter people work on
"""
