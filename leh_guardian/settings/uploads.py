"""Owns the settings of the logs of requests that uploads are looked up in; the one rule: what nobody named is not read."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from leh_guardian.settings.sections import Section

_Group = Annotated[str, Field(pattern=r"^[A-Za-z0-9_/.#-]{1,512}$")]
_Prefix = Annotated[str, Field(pattern=r"^s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]/[^\x00-\x1f]{0,900}$")]


class UploadsSettings(Section):
    """Where it is written from which address uploads came (docs/uploads.md). A prefix is what keys begin with, up to their date."""

    cloudtrail_log_group: _Group | None = None
    """The log group of a trail that has data events of the evidence bucket."""
    cloudtrail_prefix: _Prefix | None = None
    """Where that trail puts its files, such as s3://leh-trail/AWSLogs/111122223333/CloudTrail/ap-northeast-2/."""
    access_log_prefix: _Prefix | None = None
    """Where S3 puts the bucket's server access logs: the target prefix, and `account/region/bucket/` where they are partitioned."""
    waf_log_group: Annotated[str, Field(pattern=r"^aws-waf-logs-[A-Za-z0-9_/.#-]{1,499}$")] | None = None
    """The log group of the web ACL before the service."""
    waf_prefix: _Prefix | None = None
    """... or where it puts its files, such as s3://aws-waf-logs-leh/AWSLogs/111122223333/WAFLogs/ap-northeast-2/leh/."""
    waf_region: str | None = Field(None, pattern=r"^[a-z0-9-]{5,40}$")
    """The region of that log group, where it is another: us-east-1 for CloudFront."""
