"""The database: tables, types, statements compiled once, sessions, and the repositories on top of them."""
