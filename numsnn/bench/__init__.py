"""`numsnn bench`: one training step against other libraries, against its bare matrix products.

workloads.py   the five networks, each defined once
ours.py        their training step and their inference in this library
products.py    the matrix products of a step and nothing else
contest.py     contestants in turns, round after round, and the medians
memory.py      what one contestant's steps add to a process of its own
peers/         the same networks in snnTorch, SpikingJelly and Norse; needs the extra ``peers``
training.py  inference.py  scaling.py    what is measured
report.py  figure.py  command.py         what is shown
"""
