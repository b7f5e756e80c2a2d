"""Who was on the telephone: checks of code words, attempts at them, and the silent alarm of a duress word."""
