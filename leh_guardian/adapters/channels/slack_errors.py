"""Owns what Slack's error codes mean for us; the one rule: a code that is in no table is a refusal.

Slack documents its codes by method and adds to them. Those that pass by themselves are few, old and listed; whatever else it
invents speaks of the request or of the app's rights. A refusal costs at most a second page by another way, now; to take one
for a moment's trouble would cost the silence of its retries.

Sources: the error tables of chat.postMessage, chat.update, conversations.open, conversations.info and auth.test in Slack's
API reference, and its page on rate limits.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from leh_guardian.errors import AccessDenied, HandlerError, NotFound, Refused, Throttled, Unavailable

_ANEW = "put a valid bot token (xoxb-…) into token_file: install the app anew if need be"
_SCOPES = "add the scopes that docs/channels.md lists, and install the app anew"
_INVITE = "invite the app to the channel: /invite @app"
_CHANNEL = "check the channel's id in guardian.yaml"
_PERSON = "check the person's Slack user id (U…) in rules/oncall.yaml"
_WORKSPACE = "ask an administrator of the workspace"
_DEFECT = "a defect of guardian's, or a limit of Slack's that has changed"

CODES: Final[Mapping[str, tuple[type[HandlerError], str]]] = {
    **dict.fromkeys(("ratelimited", "rate_limited", "message_limit_exceeded"), (Throttled, "")),
    **dict.fromkeys(
        (
            "internal_error",
            "fatal_error",
            "service_unavailable",
            "request_timeout",
            "update_failed",
            "external_channel_migrating",
            "team_added_to_org",
        ),
        (Unavailable, ""),
    ),
    **dict.fromkeys(
        ("invalid_auth", "not_authed", "token_revoked", "token_expired", "account_inactive", "not_allowed_token_type"),
        (AccessDenied, _ANEW),
    ),
    **dict.fromkeys(("missing_scope", "no_permission"), (AccessDenied, _SCOPES)),
    **dict.fromkeys(("not_in_channel", "channel_not_found"), (NotFound, f"{_INVITE}; {_CHANNEL}")),
    "is_archived": (NotFound, "unarchive the channel, or name another one in guardian.yaml"),
    **dict.fromkeys(
        ("user_not_found", "user_disabled", "user_not_visible", "cannot_dm_bot", "user_is_bot"), (NotFound, _PERSON)
    ),
    **dict.fromkeys(
        (
            "access_denied",
            "accesslimited",
            "user_is_restricted",
            "ekm_access_denied",
            "enterprise_is_restricted",
            "org_login_required",
            "restricted_action",
            "restricted_action_read_only_channel",
            "restricted_action_non_threadable_channel",
            "restricted_action_thread_locked",
            "restricted_action_thread_only_channel",
            "team_access_not_granted",
            "two_factor_setup_required",
            "messages_tab_disabled",
        ),
        (AccessDenied, _WORKSPACE),
    ),
    **dict.fromkeys(
        (
            "msg_too_long",
            "no_text",
            "invalid_blocks",
            "invalid_blocks_format",
            "invalid_arguments",
            "invalid_arg_name",
            "invalid_charset",
            "invalid_form_data",
            "invalid_post_type",
            "invalid_metadata_format",
            "invalid_metadata_schema",
            "metadata_too_large",
            "msg_blocks_too_long",
            "too_many_attachments",
            "block_mismatch",
            "method_deprecated",
            "deprecated_endpoint",
        ),
        (Refused, _DEFECT),
    ),
}
"""{code: what it means, and what to do}."""
GONE: Final = frozenset(
    "message_not_found cant_update_message edit_window_closed thread_not_found cannot_reply_to_message".split()
)
"""An earlier message cannot be changed or answered any more: another one is posted in its place."""


class Gone(NotFound):
    """An earlier message cannot be changed or answered any more."""


def judged(doing: str, code: str, status: int, retry_after: float | None) -> HandlerError:
    """Return what an answer of Slack's that is not `ok` means."""
    if code in GONE:
        return Gone(f"cannot {doing}: Slack says {code}")
    if status == 429:
        return Throttled(f"cannot {doing}: Slack says ratelimited", retry_after=retry_after)
    if status >= 500 or not code:
        return Unavailable(f"cannot {doing}: Slack answered {status} {code}".rstrip(), retry_after=retry_after)
    kind, fix = CODES.get(code, (Refused, "not a known code of Slack's"))
    text = f"cannot {doing}: Slack says {code}{f' - {fix}' if fix else ''}"
    if issubclass(kind, Throttled | Unavailable):
        return kind(text, retry_after=retry_after)
    return kind(text)
