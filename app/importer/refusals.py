"""What is wrong with a mapping or a file, in the tree of errors of the business."""

from __future__ import annotations

from app.domain.shared.errors import Conflict, Invalid, NotFound


class BadMapping(Invalid):
    """The mapping file cannot be used."""

    code = "import.bad_mapping"


class UnknownKind(Invalid):
    """There is no import of this kind."""

    code = "import.unknown_kind"


class BadFile(Invalid):
    """The file cannot be read."""

    code = "import.bad_file"


class BadRow(Invalid):
    """The row has more or fewer values than the file has columns."""

    code = "import.bad_row"


class BadValue(Invalid):
    """The value cannot be read as what the field holds."""

    code = "import.bad_value"


class UnknownWord(Invalid):
    """The mapping has no translation for the value."""

    code = "import.unknown_word"


class TwiceInFile(Conflict):
    """An earlier row of the file has the same key."""

    code = "import.twice_in_file"


class Orphan(NotFound):
    """The lines belong to no document of the file."""

    code = "import.orphan_lines"


class NotAllImported(Conflict):
    """Part of the data was refused, so what builds on it was not begun."""

    code = "import.not_all_imported"
