"""Owns what the error codes of SES and SNS mean beside the table of adapters/aws; the one rule: a refusal says what to do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from botocore.exceptions import ClientError

from leh_guardian.errors import AccessDenied, HandlerError, NoCredentials, NotFound, Refused, Throttled, Unavailable

Table = Mapping[str, tuple[type[HandlerError], str]]
"""{code: what it means, and what to do}."""

SES: Final[Table] = {
    "TooManyRequestsException": (Throttled, "above SES's sending rate"),
    "LimitExceededException": (Throttled, "above SES's quota: ask for a larger one"),
    "ThrottlingException": (Throttled, ""),
    "MessageRejected": (Refused, "in SES's sandbox recipients must be verified; else the content was refused"),
    "MailFromDomainNotVerifiedException": (Refused, "verify the MAIL FROM domain of `from` in SES"),
    "AccountSuspendedException": (AccessDenied, "SES has suspended the account: answer its case in AWS Support"),
    "SendingPausedException": (
        AccessDenied,
        "sending is paused for the account or the configuration set: resume it in SES",
    ),
    "NotFoundException": (NotFound, "verify `from` as an identity in SES, in the region of the settings"),
    "BadRequestException": (Refused, "SES does not take the request: check `from` and the person's address"),
    "AccessDeniedException": (AccessDenied, "allow ses:SendEmail on the identity of `from`"),
    "InternalServiceErrorException": (Unavailable, ""),
}
SNS: Final[Table] = {
    "Throttled": (Throttled, ""),
    "Throttling": (Throttled, ""),
    "OptedOut": (Refused, "the person has opted out of SMS: opt the number in again in SNS (once in 30 days)"),
    "OptInRequired": (AccessDenied, "the account is not signed up for SNS"),
    "InvalidParameter": (Refused, "check the person's phone number (E.164); in the SMS sandbox it must be verified"),
    "InvalidParameterValue": (Refused, "check the person's phone number (E.164)"),
    "ParameterValueInvalid": (Refused, "check the person's phone number (E.164)"),
    "ValidationException": (Refused, "check the person's phone number (E.164)"),
    "UserError": (Refused, "the number is not verified in the SMS sandbox"),
    "ResourceNotFound": (NotFound, "verify the number in the SMS sandbox, or ask for production access"),
    "NotFound": (NotFound, "is there SNS in this region?"),
    "EndpointDisabled": (Refused, ""),
    "AuthorizationError": (AccessDenied, "allow sns:Publish, with a condition on nothing but phone numbers"),
    "AccessDenied": (AccessDenied, "allow sns:Publish"),
    "KMSThrottling": (Throttled, ""),
    "InternalError": (Unavailable, ""),
    "InternalFailure": (Unavailable, ""),
    "ServiceUnavailable": (Unavailable, ""),
}


def told_by(table: Table, error: HandlerError) -> HandlerError:
    """Return `error`, which `Aws.call` raised, as `table` has it; what it does not have stays."""
    cause = error.__cause__
    if isinstance(error, NoCredentials) or not isinstance(cause, ClientError):
        return error
    code = str(cause.response.get("Error", {}).get("Code", ""))
    if code not in table:
        return error
    kind, fix = table[code]
    return kind(f"{error}{f' - {fix}' if fix else ''}")
