"""Telling the emergency centre or another authority (R-5, R-80, requirements 3 and 4.9).

One rule: nothing here ever dials. A person calls and records the call, or a message goes to a machine that answers; the
machine never delays the person. `gate` judges whether to tell, `notifying` tells and keeps time, `answering` takes the
answers, `message` and `script` hold the words.
"""
