"""Owns the names of what guardian looks at by itself, like at a provider; the one rule: the worker's shares are not about these.

`await_provider` waits for them like for a provider. How many of the worker's jobs fail at the AI provider says nothing of them, so
guardian's own look alone decides.
"""

from __future__ import annotations

from typing import Final

OPENSEARCH: Final = "opensearch"
DYNAMODB: Final = "dynamodb"
AWS: Final = "aws"
INTERNAL: Final = frozenset({OPENSEARCH, DYNAMODB, AWS})
"""No provider of the settings may have one of these names."""
SETTINGS: Final = {
    OPENSEARCH: "LEH_OPENSEARCH__URL",
    DYNAMODB: "LEH_EVIDENCE__TABLE",
    AWS: "`provider.aws_services` in guardian.yaml",
}
"""Without which there is nothing to look at."""
