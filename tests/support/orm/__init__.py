"""LEH's tables as backends declare them: models of an ORM, each module an installation of its own."""
