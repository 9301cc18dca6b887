"""Owns what the check of temporary files says; the one rule: numbers and rules, never a key."""

from __future__ import annotations

from typing import Final

from leh_guardian.language import Text, count

LIFECYCLE: Final = Text(ko="수명 주기 규칙", en="lifecycle rules")
OBJECTS: Final = Text(ko="객체 목록", en="objects")
VERSIONS: Final = Text(ko="객체 버전", en="versions")
UPLOADS: Final = Text(ko="미완료 멀티파트 업로드", en="unfinished uploads")

NO_BUCKET: Final = Text(ko="확인할 버킷이 설정되지 않았습니다", en="no bucket is named")
NAME_BUCKET: Final = Text(ko="checks.tmp_bucket을 설정하세요.", en="Set checks.tmp_bucket.")
WIDEN: Final = Text(
    ko="태그·크기 조건 없이 접두사 전체에 적용되는 만료 규칙을 추가하세요.",
    en="Add an expiration rule for the whole prefix, without tags or sizes.",
)
ENABLE: Final = Text(ko="수명 주기 규칙을 활성화(Enabled)하세요.", en="Enable the lifecycle rule.")
MAKE_RULE: Final = Text(
    ko="버킷에 이 접두사의 만료(Expiration) 규칙을 만드세요.",
    en="Make an expiration rule for this prefix on the bucket.",
)
SEE_OVERDUE: Final = Text(
    ko="규칙이 언제 바뀌었는지 CloudTrail(PutBucketLifecycleConfiguration)에서, 객체에 잠금(Object Lock)이 없는지 확인하세요."
    " 규칙을 새로 만든 지 하루 이틀이면 S3가 따라잡을 때까지 기다리세요.",
    en="Look in CloudTrail (PutBucketLifecycleConfiguration) when the rule was changed, and whether Object Lock holds the objects."
    " If the rule is a day or two old, wait until S3 has caught up.",
)
NEW_RULE: Final = Text(
    ko="새 규칙입니다. 유예 시간이 지난 뒤 다시 확인하세요.", en="The rule is new: look again once its grace is over."
)
NONCURRENT: Final = Text(
    ko="NoncurrentVersionExpiration 규칙을 추가하세요.", en="Add a rule with NoncurrentVersionExpiration."
)
MARKERS: Final = Text(
    ko="ExpiredObjectDeleteMarker 규칙을 추가하거나 확인하세요.",
    en="Add or look at a rule with ExpiredObjectDeleteMarker.",
)
ABORT: Final = Text(
    ko="AbortIncompleteMultipartUpload 규칙(7일 등)을 추가하세요.",
    en="Add a rule with AbortIncompleteMultipartUpload (7 days, say).",
)
MORE: Final = Text(
    ko="한도(pages, time)를 올리거나, S3 Inventory로 확인하세요.",
    en="Raise the bounds (pages, time), or look with S3 Inventory.",
)


def covered(prefix: str, days: int) -> Text:
    """The rule is there."""
    return Text(ko=f"{prefix}: {days}일 뒤 만료 규칙 있음", en=f"{prefix} expires after {count(days, 'day')}")


def partly(prefix: str, narrowed: str) -> Text:
    """The rule is for a part."""
    return Text(
        ko=f"{prefix}의 만료 규칙이 일부에만 적용됨({narrowed})", en=f"{prefix} expires in part only ({narrowed})"
    )


def disabled(prefix: str, rules: str) -> Text:
    """The rule is off."""
    return Text(
        ko=f"{prefix}의 만료 규칙이 꺼져 있음({rules})", en=f"the rule that expires {prefix} is disabled ({rules})"
    )


def no_rule(prefix: str) -> Text:
    """There is none."""
    return Text(ko=f"만료 규칙이 없음: {prefix}", en=f"no rule expires {prefix}")


def overdue(prefix: str, number: int, days: int) -> Text:
    """Objects are older than the rule says."""
    return Text(
        ko=f"{prefix}에 {days}일 만료 규칙보다 오래된 객체 {number}개",
        en=f"{prefix} holds {count(number, 'object')} older than its rule of {count(days, 'day')} allows",
    )


def counted(prefix: str, number: int, size: int) -> Text:
    """None is."""
    return Text(
        ko=f"{prefix}에 객체 {number}개, {size}바이트, 기한이 지난 것은 없음",
        en=f"{prefix} holds {count(number, 'object')}, {count(size, 'byte')}, none overdue",
    )


def never_freed(number: int) -> Text:
    """Versions are kept for ever."""
    return Text(
        ko=f"버전 관리 버킷인데 이전 버전을 지우는 규칙이 없음(이전 버전 {number}개)",
        en=f"versions are kept and no rule removes noncurrent ones ({number} of them)",
    )


def versions_overdue(number: int, days: int) -> Text:
    """Noncurrent versions are older than the rule says."""
    return Text(
        ko=f"{days}일 규칙보다 오래된 이전 버전 {number}개",
        en=f"{count(number, 'noncurrent version')} older than the rule of {count(days, 'day')} allows",
    )


def markers(number: int) -> Text:
    """Delete markers are left over."""
    return Text(
        ko=f"뒤에 버전이 없는 삭제 마커 {number}개", en=f"{count(number, 'delete marker')} with no version behind"
    )


def never_aborted(number: int) -> Text:
    """No rule ends unfinished uploads."""
    return Text(
        ko=f"미완료 멀티파트 업로드를 중단하는 규칙이 없음(7일 넘은 것 {number}개)",
        en=f"no rule aborts unfinished uploads ({number} of them older than 7 days)",
    )


def uploads_overdue(number: int, days: int) -> Text:
    """Unfinished uploads are older than the rule says."""
    return Text(
        ko=f"{days}일 규칙보다 오래된 미완료 업로드 {number}개",
        en=f"{count(number, 'unfinished upload')} older than the rule of {count(days, 'day')} allows",
    )


def cut_short(listing: str, number: int) -> Text:
    """A listing was not read to its end."""
    return Text(
        ko=f"목록({listing})을 끝까지 읽지 못함: {number}개까지만 봄",
        en=f"the listing of {listing} was cut short: {number} were seen",
    )
