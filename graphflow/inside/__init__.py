"""`tensorflow.python...`: the modules of TensorFlow's inside, found among graphflow's own.

`names.txt` says which modules there are and which public objects each has; `homes.py` where the
others are; what only TensorFlow's inside and its tests use is in the files beside it.
"""
