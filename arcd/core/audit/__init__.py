"""What is decided about the journal itself: keys, seals, legal holds, erasure, pruning."""
