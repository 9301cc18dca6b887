"""Owns the shapes of what CloudTrail hands on; the one rule: what differs from API to API is open.

Source: AWS CloudTrail User Guide, "CloudTrail record contents" and "CloudTrail userIdentity element"; Amazon EventBridge User
Guide, "AWS service events delivered via AWS CloudTrail". That page spells the console's type "Signin"; events carry "Sign In".
"""

from __future__ import annotations

from typing import Final

from leh_guardian.rules.shapes.event_type import EventType
from leh_guardian.rules.shapes.kinds import FLAG, OPEN, Rows, Shape, one_of, texts

_RECORD: Final[dict[str, Shape]] = {
    **texts("eventVersion eventTime eventSource eventName awsRegion sourceIPAddress userAgent errorCode errorMessage"),
    **texts("requestID eventID apiVersion recipientAccountId sharedEventID vpcEndpointId vpcEndpointAccountId"),
    **texts("eventCategory sessionCredentialFromConsole"),
    "eventType": one_of(
        *(
            "AwsApiCall",
            "AwsServiceEvent",
            "AwsConsoleAction",
            "AwsConsoleSignIn",
            "AwsVpceEvent",
            "AwsCloudTrailInsight",
        )
    ),
    **dict.fromkeys(("managementEvent", "readOnly"), FLAG),
    "userIdentity": {
        **texts("type principalId arn accountId accessKeyId userName invokedBy identityProvider credentialId userId"),
        **dict.fromkeys(("sessionContext", "inScopeOf", "onBehalfOf"), OPEN),
        "identityStoreArn": OPEN,
    },
    "resources": Rows(OPEN),
    "tlsDetails": texts("tlsVersion cipherSuite clientProvidedHostHeader keyExchange"),
    **dict.fromkeys(("requestParameters", "responseElements", "additionalEventData", "serviceEventDetails"), OPEN),
    **dict.fromkeys(("addendum", "edgeDeviceDetails", "insightDetails", "eventContext"), OPEN),
}
_NAMES: Final = (
    "AWS API Call via CloudTrail",
    "AWS Service Event via CloudTrail",
    "AWS Console Sign In via CloudTrail",
    "AWS Console Signin via CloudTrail",
    "AWS Console Action via CloudTrail",
    "AWS Insight via CloudTrail",
)

EVENTS: Final = tuple(EventType(("aws.*",), name, _RECORD) for name in _NAMES)
