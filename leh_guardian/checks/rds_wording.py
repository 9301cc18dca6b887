"""Owns what the check of database backups says; the one rule: each line names its database."""

from __future__ import annotations

from typing import Final

from leh_guardian.language import Text, count

NO_DATABASE: Final = Text(ko="확인할 데이터베이스가 설정되지 않았습니다", en="no database is named")
NAME_DATABASE: Final = Text(
    ko="checks의 instances, clusters, database_tag 중 하나를 설정하세요.",
    en="Set instances, clusters or database_tag of checks.",
)
SEE_NAME: Final = Text(
    ko="이름, 리전, 계정을 확인하세요. 삭제되었다면 CloudTrail(DeleteDBInstance)을 보세요.",
    en="Look at the name, the region and the account. If it was deleted, look in CloudTrail (DeleteDBInstance).",
)
SEE_EVENTS: Final = Text(
    ko="RDS 이벤트(backup, failure)와 백업 설정을 확인하고, 필요하면 수동 스냅샷을 먼저 만드세요.",
    en="Look at RDS's events (backup, failure) and the backup settings; if in doubt make a snapshot by hand first.",
)
SWITCH_ON: Final = Text(
    ko="백업 보존 기간(BackupRetentionPeriod)을 1일 이상으로 설정하세요.",
    en="Set the retention (BackupRetentionPeriod) to 1 day or more.",
)
WAIT: Final = Text(ko="첫 백업 시간대가 지난 뒤 다시 확인하세요.", en="Look again after its first backup window.")
ENCRYPT: Final = Text(
    ko="암호화된 사본으로 복원해 옮길 계획을 세우세요.", en="Plan to restore it from an encrypted copy and move."
)
SEE_SIZE: Final = Text(
    ko="데이터가 지워졌는지, 저장 공간이 바뀌었는지 확인하세요. 확인 전에는 오래된 스냅샷을 지우지 마세요.",
    en="Look whether data was deleted or the storage changed. Delete no older snapshot before that is known.",
)


def database(name: str) -> Text:
    """Name a database."""
    return Text(ko=f"데이터베이스 {name}", en=f"database {name}")


def snapshots_of(name: str) -> Text:
    """Name its snapshots."""
    return Text(ko=f"{name}의 스냅샷", en=f"snapshots of {name}")


def tagged(name: str, value: str) -> Text:
    """Name those with a tag."""
    return Text(ko=f"태그 {name}={value}인 데이터베이스", en=f"databases tagged {name}={value}")


def none_tagged(name: str, value: str) -> Text:
    """There are none."""
    return Text(ko=f"태그 {name}={value}인 데이터베이스가 없음", en=f"no database is tagged {name}={value}")


def missing(name: str) -> Text:
    """It is not there."""
    return Text(ko=f"{name}: 그런 데이터베이스가 없음", en=f"{name}: there is no such database")


def switched_off(name: str) -> Text:
    """RDS makes none."""
    return Text(ko=f"{name}: 자동 백업이 꺼져 있음(보존 0일)", en=f"{name}: automated backups are off (retention 0)")


def none(name: str) -> Text:
    """There is none."""
    return Text(ko=f"{name}: 사용할 수 있는 자동 스냅샷이 없음", en=f"{name}: no automated snapshot is available")


def newest(name: str, hours: int) -> Text:
    """How old the newest is."""
    return Text(ko=f"{name}: 최근 자동 스냅샷 {hours}시간 전", en=f"{name}: newest automated snapshot {hours} h old")


def newest_by_backup(name: str, hours: int) -> Text:
    """How old the newest is, which AWS Backup made."""
    return Text(
        ko=f"{name}: 최근 스냅샷 {hours}시간 전(AWS Backup이 만듦)",
        en=f"{name}: newest snapshot {hours} h old (made by AWS Backup)",
    )


def gaps(name: str, number: int, first: str) -> Text:
    """Days without one."""
    return Text(
        ko=f"{name}: 스냅샷이 빠진 구간 {number}곳(처음: {first} 이후)",
        en=f"{name}: {count(number, 'gap')} between snapshots (the first after {first})",
    )


def too_few(name: str, number: int, days: int) -> Text:
    """They do not reach back far enough."""
    return Text(
        ko=f"{name}: 보존 기간 {days}일에 스냅샷 {number}개뿐",
        en=f"{name}: only {count(number, 'snapshot')} for a retention of {count(days, 'day')}",
    )


def not_restorable(name: str) -> Text:
    """RDS does not say up to when."""
    return Text(ko=f"{name}: 시점 복구 가능 시각이 없음", en=f"{name}: no instant to which it can be restored is told")


def lag(name: str, minutes: int) -> Text:
    """It is too far behind."""
    return Text(ko=f"{name}: 시점 복구가 {minutes}분 뒤처짐", en=f"{name}: can be restored only to {minutes} min ago")


def not_encrypted(name: str) -> Text:
    """Nor are its snapshots."""
    return Text(ko=f"{name}: 저장소가 암호화되지 않음", en=f"{name}: its storage is not encrypted")


def stuck(name: str, number: int) -> Text:
    """Snapshots hang."""
    return Text(
        ko=f"{name}: 생성 중에서 멈춘 스냅샷 {number}개", en=f"{name}: {count(number, 'snapshot')} stuck in creating"
    )


def failed(name: str, number: int) -> Text:
    """Snapshots failed."""
    return Text(ko=f"{name}: 실패한 스냅샷 {number}개", en=f"{name}: {count(number, 'failed snapshot')}")


def collapsed(name: str, percent: int) -> Text:
    """The newest is far smaller than those before it."""
    return Text(
        ko=f"{name}: 최근 스냅샷 크기가 평소(중앙값)의 {percent}%",
        en=f"{name}: the newest snapshot has {percent} % of the usual (median) size",
    )
