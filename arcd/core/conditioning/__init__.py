"""What happens to a genuine signal between its receipt and its case (requirements 4.4), one stage per file.

    copies → delays → (on test, in `flags`) → arming, cancels → restores → rates → swingers → confirmation → pending
    → decision → case → unrestored

One rule: life safety (fire, hold-up, duress, medical) passes every stage. No setting of a site makes such a signal
wait, folds it away without an open case, or lowers it. `pipeline` holds the order; no stage knows the next one.
"""
