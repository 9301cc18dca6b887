"""Owns the shapes of the other services of AWS that the runbook has to do with.

Sources: Amazon RDS User Guide, "Creating a rule that triggers on an Amazon RDS event", and the EventBridge Events Reference,
"Amazon Relational Database Service events" (the list of types) · AWS Certificate Manager User Guide, "Amazon EventBridge support
for ACM" · AWS Health User Guide, "Reference: AWS Health events Amazon EventBridge schema" · Amazon GuardDuty User Guide,
"Processing GuardDuty findings with Amazon EventBridge", and API Reference, "Finding" · AWS Cost Management User Guide, "Using
EventBridge with Cost Anomaly Detection" · AWS Lambda Developer Guide, "Capturing records of Lambda asynchronous invocations" ·
Amazon EventBridge User Guide, "Creating a rule that runs on a schedule". SQS and AWS Budgets send no events of their own.
"""

from __future__ import annotations

from typing import Final

from leh_guardian.rules.shapes.event_type import EventType
from leh_guardian.rules.shapes.kinds import FLAG, NUMBER, OPEN, TEXT, Rows, Shape, one_of, texts

_RDS: Final[dict[str, Shape]] = {
    **texts("SourceType SourceArn SourceIdentifier Date Message EventID"),
    "EventCategories": Rows(TEXT),
    "Tags": OPEN,
}
_RDS_NAMES: Final = (
    *("RDS DB Instance Event", "RDS DB Cluster Event", "RDS DB Snapshot Event", "RDS DB Cluster Snapshot Event"),
    *("RDS DB Security Group Event", "RDS DB Parameter Group Event", "RDS Custom Engine Version Event"),
    *("RDS Blue Green Deployment Event", "RDS DB Shard Group Event", "RDS DB Proxy Event", "RDS Zero ETL Event"),
)

_CERTIFICATE: Final[dict[str, Shape]] = {
    **texts("CommonName FirstSubjectAlternativeName AcmeAccountId AcmeEndpointArn"),
    "ValidityInDays": NUMBER,
    "CertificateKeyPairOrigin": one_of("AWS_MANAGED", "ACME", "CUSTOMER_PROVIDED"),
}
_ISSUED: Final[dict[str, Shape]] = {
    **_CERTIFICATE,
    "CertificateType": one_of("AMAZON_ISSUED", "PRIVATE", "IMPORTED"),
    "DomainValidationMethod": one_of("EMAIL", "DNS"),
    **texts("CertificateCreatedDate CertificateExpirationDate"),
    **dict.fromkeys(("InUse", "Exported"), FLAG),
}
_RENEWAL_STATUS: Final = one_of(
    *("CAA_ERROR", "PENDING_DOMAIN_VALIDATION", "NO_AVAILABLE_CONTACTS", "ADDITIONAL_VERIFICATION_REQUIRED"),
    *(
        "DOMAIN_NOT_ALLOWED",
        "INVALID_PUBLIC_DOMAIN",
        "DOMAIN_VALIDATION_DENIED",
        "PCA_LIMIT_EXCEEDED",
        "PCA_INVALID_ARN",
    ),
    *("PCA_INVALID_STATE", "PCA_REQUEST_FAILED", "PCA_NAME_CONSTRAINTS_VALIDATION", "PCA_RESOURCE_NOT_FOUND"),
    *("PCA_INVALID_ARGS", "PCA_INVALID_DURATION", "PCA_ACCESS_DENIED", "SLR_NOT_FOUND", "OTHER"),
)
_ACM: Final[dict[str, dict[str, Shape]]] = {
    "ACM Certificate Approaching Expiration": {**_CERTIFICATE, "DaysToExpiry": NUMBER},
    "ACM Certificate Expired": _ISSUED,
    "ACM Certificate Available": {
        **_ISSUED,
        "Action": one_of("ISSUANCE", "RENEWAL", "IMPORT", "REIMPORT"),
        "DaysToExpiry": NUMBER,
    },
    "ACM Certificate Renewal Action Required": {
        **_ISSUED,
        "RenewalStatusReason": _RENEWAL_STATUS,
        "DaysToExpiry": NUMBER,
    },
    "ACM Certificate Revoked": {**_ISSUED, "Exportable": FLAG},
}

_HEALTH: Final[dict[str, Shape]] = {
    **texts("eventArn service eventTypeCode communicationId eventRegion affectedAccount page totalPages actionability"),
    **texts("startTime endTime lastUpdatedTime"),
    "eventTypeCategory": one_of("issue", "accountNotification", "investigation", "scheduledChange"),
    "eventScopeCode": one_of("ACCOUNT_SPECIFIC", "PUBLIC", "NONE"),
    "statusCode": one_of("open", "closed", "upcoming"),
    "eventDescription": Rows(texts("language latestDescription")),
    "eventMetadata": OPEN,
    "personas": Rows(TEXT),
    "affectedEntities": Rows(
        {**texts("entityValue entityArn entityUrl status lastUpdatedTime"), "tags": OPEN, "*": OPEN}
    ),
}

_GUARDDUTY: Final[dict[str, Shape]] = {
    **texts("schemaVersion accountId region partition id arn type title description createdAt updatedAt"),
    "associatedAttackSequenceArn": TEXT,
    **dict.fromkeys(("severity", "confidence"), NUMBER),
    **dict.fromkeys(("resource", "service"), OPEN),
}

_SPEND: Final[dict[str, Shape]] = {
    **texts(
        "accountId accountName anomalyId anomalyStartDate anomalyEndDate anomalyDetailsLink dimensionValue feedback"
    ),
    **texts("monitorArn monitorName monitorType subscriptionId subscriptionName"),
    "anomalyScore": dict.fromkeys(("currentScore", "maxScore"), NUMBER),
    "impact": dict.fromkeys(
        ("maxImpact", "totalActualSpend", "totalExpectedSpend", "totalImpact", "totalImpactPercentage"), NUMBER
    ),
    "rootCauses": Rows(
        {
            **texts("linkedAccount linkedAccountName region service usageType"),
            "impact": {"contribution": NUMBER},
        }
    ),
}

_INVOCATION: Final[dict[str, Shape]] = {
    **texts("version timestamp"),
    "requestContext": {**texts("requestId functionArn condition"), "approximateInvokeCount": NUMBER},
    "requestPayload": OPEN,
    "responseContext": {"statusCode": NUMBER, **texts("executedVersion functionError")},
    "responsePayload": OPEN,
}

EVENTS: Final = (
    *(EventType(("aws.rds",), name, _RDS) for name in _RDS_NAMES),
    *(EventType(("aws.acm",), name, detail) for name, detail in _ACM.items()),
    *(EventType(("aws.health",), name, _HEALTH) for name in ("AWS Health Event", "AWS Health Abuse Event")),
    EventType(("aws.guardduty",), "GuardDuty Finding", _GUARDDUTY),
    EventType(("aws.ce",), "Anomaly Detected", _SPEND),
    # "lambda", not "aws.lambda": the function's service role puts them on the bus as a custom event.
    *(
        EventType(("lambda",), f"Lambda Function Invocation Result - {end}", _INVOCATION)
        for end in ("Success", "Failure")
    ),
    EventType(("aws.events",), "Scheduled Event", {}),
)
