"""guardian's own state in PostgreSQL: the only importer of asyncpg for it. Functions take a transaction; none opens one."""
