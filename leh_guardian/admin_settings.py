"""Owns the settings of LEH's admin API; the one rule: its address and its token come from here, never from a rule or an event."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from leh_guardian.fields import Duration


class AdminApiSettings(BaseModel):
    """LEH's admin API."""

    # Not strict: every value of the environment is text.
    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    url: str | None = Field(None, pattern=r"^https?://[^\s/?#@]+(/[^\s?#@]*)?$")
    """Its address, before `/admin/...`; what asks it refuses without."""
    token_file: Path | None = None
    """A file with its bearer token; read again when it has changed."""
    token_secret: str | None = Field(None, pattern=r"^[A-Za-z0-9/_+=.@:-]{1,2048}$")
    """... or the name or ARN of the token's secret in AWS Secrets Manager: the token as text, or JSON with a member `token`."""
    idempotent: bool = False
    """Whether the API honours the header Idempotency-Key: only then is a request that may have been lost sent again."""
    deadline: Duration = timedelta(seconds=20)
    """How long one exchange may take, from the look-up of the name to the last byte."""

    @field_validator("deadline")
    @classmethod
    def _in_bounds(cls, deadline: timedelta) -> timedelta:
        if not timedelta(seconds=1) <= deadline <= timedelta(minutes=2):
            raise ValueError("write a deadline between 1s and 2m")
        return deadline

    @model_validator(mode="after")
    def _one_token(self) -> Self:
        if self.token_file is not None and self.token_secret is not None:
            raise ValueError("give either `token_file` or `token_secret`")
        return self
