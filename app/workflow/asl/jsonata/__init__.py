"""JSONata 2 as the npm reference evaluates it, over plain JSON values, bounded and without clock or chance of its own.

The grammar is that of jsonata-python; what it parses is compiled to closures here, because the evaluator of that
library differs from the reference (null and undefined, remainders, case, limits), keeps its state in thread-locals
and can be bounded by a clock only.
"""
