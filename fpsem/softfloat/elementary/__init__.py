"""Elementary functions on bits, correctly rounded: 26 of one argument and 3 of two, one file for each.

``names`` lists them, ``functions`` is the table of their algorithms, ``kernel`` rounds and compiles these, ``ziv`` is the judge
of what is left open, over the ``balls`` of Arb.
"""
