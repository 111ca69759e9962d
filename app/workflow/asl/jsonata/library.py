"""The functions that an expression may call, by name. ``$eval`` is none of them: it is not offered on AWS either."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from . import arrays as a
from . import aws
from . import numbers as n
from . import texts as t
from .calls import NativeFunction
from .machine import Bindings

_TABLE: Final[tuple[tuple[str, str, int, Callable[..., Any]], ...]] = (
    ("sum", "<a<n>:n>", 1, n.total),
    ("count", "<a:n>", 1, a.count),
    ("max", "<a<n>:n>", 1, n.highest),
    ("min", "<a<n>:n>", 1, n.lowest),
    ("average", "<a<n>:n>", 1, n.average),
    ("string", "<x-b?:s>", 1, t.string),
    ("substring", "<s-nn?:s>", 3, t.substring),
    ("substringBefore", "<s-s:s>", 2, t.before),
    ("substringAfter", "<s-s:s>", 2, t.after),
    ("lowercase", "<s-:s>", 1, t.lower),
    ("uppercase", "<s-:s>", 1, t.upper),
    ("length", "<s-:n>", 1, t.length),
    ("trim", "<s-:s>", 1, t.trim),
    ("pad", "<s-ns?:s>", 3, t.pad),
    ("match", "<s-f<s:o>n?:a<o>>", 3, t.matched),
    ("contains", "<s-(sf):b>", 2, t.contains),
    ("replace", "<s-(sf)(sf)n?:s>", 4, t.replace),
    ("split", "<s-(sf)n?:a<s>>", 3, t.split),
    ("join", "<a<s>s?:s>", 2, t.join),
    ("formatNumber", "<n-so?:s>", 3, n.formatted),
    ("formatBase", "<n-n?:s>", 2, n.based),
    ("formatInteger", "<n-s:s>", 2, n.written),
    ("parseInteger", "<s-s:n>", 2, n.read),
    ("number", "<(nsb)-:n>", 1, n.cast),
    ("floor", "<n-:n>", 1, n.floor),
    ("ceil", "<n-:n>", 1, n.ceil),
    ("round", "<n-n?:n>", 2, n.rounded),
    ("abs", "<n-:n>", 1, n.absolute),
    ("sqrt", "<n-:n>", 1, n.root),
    ("power", "<n-n:n>", 2, n.power),
    ("boolean", "<x-:b>", 1, a.boolean),
    ("not", "<x-:b>", 1, a.negated),
    ("map", "<af>", 2, a.mapped),
    ("zip", "<a+>", 0, a.zipped),
    ("filter", "<af>", 2, a.kept),
    ("single", "<af?>", 2, a.single),
    ("reduce", "<afj?:j>", 3, a.reduced),
    ("sift", "<o-f?:o>", 2, a.sift),
    ("keys", "<x-:a<s>>", 1, a.keys),
    ("lookup", "<x-s:x>", 2, a.lookup),
    ("append", "<xx:a>", 2, a.appended),
    ("exists", "<x:b>", 1, a.exists),
    ("spread", "<x-:a<o>>", 1, a.spread),
    ("merge", "<a<o>:o>", 1, a.merge),
    ("reverse", "<a:a>", 1, a.reverse),
    ("each", "<o-f:a>", 2, a.each),
    ("error", "<s?:x>", 1, a.failing),
    ("assert", "<bs?:x>", 2, a.asserted),
    ("type", "<x:s>", 1, a.kind),
    ("sort", "<af?:a>", 2, a.ordered),
    ("shuffle", "<a:a>", 1, a.shuffle),
    ("distinct", "<x:x>", 1, a.distinct),
    ("base64encode", "<s-:s>", 1, t.encoded),
    ("base64decode", "<s-:s>", 1, t.decoded),
    ("encodeUrlComponent", "<s-:s>", 1, t.url_component),
    ("encodeUrl", "<s-:s>", 1, t.url),
    ("decodeUrlComponent", "<s-:s>", 1, t.from_url_component),
    ("decodeUrl", "<s-:s>", 1, t.from_url),
    ("toMillis", "<s-s?:n>", 2, n.millis),
    ("fromMillis", "<n-s?s?:s>", 3, n.shown),
    ("clone", "<(oa)-:o>", 1, t.clone),
    ("now", "<s?s?:s>", 2, n.now),
    ("millis", "<:n>", 0, n.instant),
    ("partition", "<an?:a>", 2, aws.partition),
    ("range", "<nnn?:a<n>>", 3, aws.ranged),
    ("hash", "<ss?:s>", 2, aws.hashed),
    ("random", "<n?:n>", 1, aws.chance),
    ("uuid", "<:s>", 0, aws.uuid),
    ("parse", "<s?:x>", 1, aws.parse),
)

FUNCTIONS: Final = {name: NativeFunction(name, signature, arity, run) for name, signature, arity, run in _TABLE}
"""The functions by name, without the dollar sign."""
ROOT: Final = Bindings(None, dict(FUNCTIONS))
"""What every expression sees; it is never bound into."""
