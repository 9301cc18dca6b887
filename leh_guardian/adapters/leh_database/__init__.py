"""LEH's own PostgreSQL: what is there (catalogue), how its words and ids are spelt (spelling), and a case's status (cases)."""
