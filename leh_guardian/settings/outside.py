"""Owns the settings of what guardian looks after and looks at, a section each; the one rule: what nobody named is not called."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Annotated, Self

from pydantic import Field, field_validator, model_validator

from leh_guardian.fields import Duration, ProviderName
from leh_guardian.model.provider.internal import INTERNAL
from leh_guardian.model.provider.snapshot import OPENAI_COMPONENTS
from leh_guardian.settings.sections import Section

_PAGE = Field(pattern=r"^https?://[^\s/?#@]+(/[^\s?#@]*)?$")


class AdminApiSettings(Section):
    """LEH's admin API: its address and its token come from here, never from a rule or an event."""

    url: Annotated[str, _PAGE] | None = None
    """Its address, before `/admin/...`; what asks it refuses without."""
    token_file: Path | None = None
    """A file with its bearer token; read again when it has changed."""
    token_secret: str | None = Field(None, pattern=r"^[A-Za-z0-9/_+=.@:-]{1,2048}$")
    """... or the name or ARN of the token's secret in AWS Secrets Manager: the token as text, or JSON with a member `token`."""
    idempotent: bool = False
    """Whether the API honours the header Idempotency-Key: only then is a request that may have been lost sent again."""
    revoke_sessions: str | None = Field(None, pattern=r"^(/[A-Za-z0-9._~-]{1,100}){1,10}$")
    """The path under it that ends an account's sessions, such as `/admin/revoke-sessions`: asked after `account_block`."""
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

    @model_validator(mode="after")
    def _somewhere(self) -> Self:
        if self.revoke_sessions is not None and self.url is None:
            raise ValueError("`revoke_sessions` is a path under `url`: give that, too")
        return self


class OtherProviderSettings(Section):
    """A provider beside OpenAI."""

    status_url: str = _PAGE
    """Its status page."""
    page: str | None = Field(None, pattern=r"^[A-Za-z0-9.-]+$")
    """As for openai; by default the host of `status_url`."""
    components: tuple[str, ...] = Field(min_length=1)
    """Names of the components on that page that the service depends on."""


class ProviderSettings(Section):
    """The AI provider: `openai`, and others by their name."""

    status_url: Annotated[str, _PAGE] | None = None
    """The status page of `openai`, https://status.openai.com."""
    page: str = Field("status.openai.com", pattern=r"^[A-Za-z0-9.-]+$")
    """The host by which that page's own interface (`/proxy/{host}`) knows itself."""
    components: tuple[str, ...] = Field(OPENAI_COMPONENTS, min_length=1)
    """Names of the components on that page that the service depends on."""
    others: dict[ProviderName, OtherProviderSettings] = Field(default_factory=dict)
    """{name: provider}."""
    aws_services: tuple[Annotated[str, Field(pattern=r"^[A-Z0-9_]{2,100}$")], ...] = ()
    """Services of AWS, as AWS Health names them (LAMBDA, DYNAMODB, S3, SQS): it is asked only where some are named."""

    @field_validator("others")
    @classmethod
    def _not_guardians_own(cls, others: dict[str, OtherProviderSettings]) -> dict[str, OtherProviderSettings]:
        if taken := sorted(INTERNAL & others.keys()):
            raise ValueError(f"{', '.join(taken)} stands for guardian's own look at LEH's systems: choose another name")
        return others

    @property
    def all(self) -> dict[str, OtherProviderSettings]:
        """Return every provider that has a status page, by name; what is said of `openai` itself goes before `others`."""
        if self.status_url is None:
            return dict(self.others)
        own = OtherProviderSettings(status_url=self.status_url, page=self.page, components=self.components)
        return {**self.others, "openai": own}


class EvidenceSettings(Section):
    """Where evidence is."""

    bucket: str = "leh-evidence-prod"
    """S3 bucket."""
    table: str | None = Field(None, pattern=r"^[A-Za-z0-9_.-]{3,255}$")
    """DynamoDB table of evidence; what looks at it refuses without."""
    case_index: str = Field("case_id-index", pattern=r"^[A-Za-z0-9_.-]{3,255}$")
    """The table's index by `case_id`, where its key is `evidence_id` alone."""


class BreakerSettings(Section):
    """Circuits of cases and accounts (docs/breaker.md)."""

    table: str | None = Field(None, pattern=r"^[A-Za-z0-9_.-]{3,255}$")
    """DynamoDB table that the worker reads before each call; without it no circuit has an effect."""
    parked_table: str = Field("leh-parked", pattern=r"^[A-Za-z0-9_.-]{3,255}$")
    """DynamoDB table that the worker puts the work of paused cases into."""
    admission: bool = True
    """Whether the worker reserves what a case may use in an hour before each call, also while its circuit is closed."""
    cooldown: Duration = timedelta(minutes=15)
    """Before an open circuit lets a little through; as often as it has opened in a row, six hours at most."""
    allowance: int = Field(200_000, ge=1)
    """Tokens that it lets through then."""
    lease: Duration = timedelta(minutes=16)
    """How long that may last: longer than a job of the worker."""
    share: float = Field(0.10, gt=0, le=1)
    """Part of the cases active within a day whose circuits may be open at once; one always may."""
    most_open: int = Field(10, ge=1)
    """And how many at most."""
    most_opened: int = Field(3, ge=1)
    """And how many may open within ten minutes."""


class OpenSearchSettings(Section):
    """LEH's search cluster."""

    url: str | None = None
    """Its address."""


class KindSettings(Section):
    """What a file of one kind is assumed to send to the model."""

    base: int = Field(0, ge=0)
    """Tokens of any of them."""
    per_kib: float = Field(0.0, ge=0)
    """Tokens for each KiB."""


def _kinds() -> dict[str, KindSettings]:
    return {
        "text": KindSettings(per_kib=300),
        "mail": KindSettings(per_kib=100),
        "office": KindSettings(base=200, per_kib=20),
        "pdf": KindSettings(base=200, per_kib=10),
        "image": KindSettings(base=1000),
        "audio": KindSettings(base=100, per_kib=0.2),
        "video": KindSettings(base=100, per_kib=0.02),
    }


class WorkerSettings(Section):
    """The AI worker. Nothing of its log is read unless its group is named."""

    log_group: str | None = Field(None, pattern=r"^[A-Za-z0-9_/.#-]{1,512}$")
    """Its CloudWatch log group, /aws/lambda/leh-ai-worker: whoever waits for a provider then knows the worker's own error shares."""
    function: str | None = Field("leh-ai-worker", pattern=r"^[A-Za-z0-9_:$-]{1,170}$")
    """Its Lambda function, by name or ARN, with an alias or without: whose deployments errors may begin with."""
    events: bool = True
    """Whether each minute of the log that holds errors becomes an event, `Worker Errors Logged`."""
    model: str = Field("gpt-4o", min_length=1, max_length=200)
    """The model it uses, by which use is estimated while it sends no TokenUsage."""
    prompt_tokens: int = Field(1000, ge=0)
    """Tokens that a piece of evidence sends on average, for the same."""
    completion_tokens: int = Field(100, ge=0)
    """Tokens that come back."""
    kinds: dict[str, KindSettings] = Field(default_factory=_kinds)
    """{kind of file: tokens that it sends}: of a piece whose record in the evidence table tells its size and what it is."""
    most_prompt_tokens: int = Field(300_000, ge=1)
    """The most that one attempt is assumed to send, however large its file is."""
    table: bool = True
    """Whether the evidence table is looked through, while the worker tells nothing and its log cannot be read."""
    table_every: Duration = timedelta(minutes=5)
    """How often then: each look reads the whole table."""
    lag: Duration = timedelta(seconds=75)
    """How long after its end a minute of the log is read: what is there only later is not seen."""

    @field_validator("lag")
    @classmethod
    def _in_bounds(cls, lag: timedelta) -> timedelta:
        if not timedelta(0) <= lag <= timedelta(minutes=15):
            raise ValueError("write a lag between 0s and 15m")
        return lag

    @field_validator("table_every")
    @classmethod
    def _seldom(cls, every: timedelta) -> timedelta:
        if not timedelta(minutes=1) <= every <= timedelta(hours=1):
            raise ValueError("write a time between 1m and 1h")
        return every
