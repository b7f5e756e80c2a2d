"""On-test (koestus) and maintenance (huolto): the flag as a value, what it holds back, who may place it."""
