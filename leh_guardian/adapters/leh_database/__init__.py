"""LEH's own PostgreSQL: what is there (catalogue), how it is spelt (spelling), a case's status (cases), what people did (activity)."""
