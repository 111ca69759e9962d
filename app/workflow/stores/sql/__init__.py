"""Executions in a SQL database: PostgreSQL, MariaDB (or MySQL 8), SQLite."""
