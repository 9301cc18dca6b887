"""Owns what made-up upload logs are made of: people, days, files; the one rule: all chance comes from the seed."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

DAY = 86_400.0
HOUR = 3_600.0
KST = 9 * HOUR
PROVIDERS = ("4766", "9318", "3786", "17858", "9644", "4670", "38091", "9457")
BROWSERS = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{}.0.0.0 Safari/537.36",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/{}.1 Safari/605.1.15",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:{}.0) Gecko/20100101 Firefox/{}.0",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/{}.1 Mobile Safari/604.1",
    "Mozilla/5.0 (Linux; Android 14; SM-S928N) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{}.0.0.0 Mobile Safari/537.36",
)
WHAT = (
    "준비서면 소장 답변서 계약서 진술서 녹취록 영수증 거래내역 합의서 내용증명 "
    "통장사본 진단서 카톡대화 사진 이메일 회의록 근로계약서 급여명세서 등기부등본 세금계산서"
).split()
WHO = "김민수 이서연 박지훈 최유진 정하늘 원고 피고 상대방 의뢰인 회사 배우자 임대인".split()
TYPES = {
    "pdf": ("application/pdf", 400_000, 1.2),
    "hwp": ("application/x-hwp", 120_000, 0.9),
    "docx": ("application/vnd.openxmlformats-officedocument.wordprocessingml.document", 90_000, 0.9),
    "xlsx": ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", 60_000, 1.0),
    "jpg": ("image/jpeg", 2_500_000, 0.6),
    "png": ("image/png", 700_000, 0.9),
    "txt": ("text/plain", 9_000, 1.3),
    "m4a": ("audio/mp4", 8_000_000, 1.0),
    "mp4": ("video/mp4", 60_000_000, 1.0),
    "zip": ("application/zip", 5_000_000, 1.0),
}


@dataclass
class Person:
    """An account and where its owner sits."""

    name: str
    created: float
    ip: str
    asn: str
    agent: str
    cases: list[str]
    bulk_ok: int = 0


@dataclass
class Log:
    """A log that is being made."""

    rng: random.Random
    end: float = 0.0
    rows: list[dict[str, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Choose the incident's end: some weekday or other, at some hour."""
        start = datetime(2026, 3, 2, tzinfo=UTC).timestamp()
        self.end = start + self.rng.uniform(0, 200) * DAY

    def hex(self, letters: int) -> str:
        """Return random hex."""
        return f"{self.rng.getrandbits(letters * 4):0{letters}x}"

    def ip(self) -> str:
        """Return a random address."""
        first = self.rng.choice((1, 14, 27, 39, 49, 58, 61, 106, 112, 121, 175, 203, 211, 218, 222))
        return f"{first}.{self.rng.randrange(256)}.{self.rng.randrange(256)}.{self.rng.randrange(1, 255)}"

    def near(self, ip: str) -> str:
        """Return another address of the same /24."""
        return f"{ip.rpartition('.')[0]}.{self.rng.randrange(1, 255)}"

    def browser(self) -> str:
        """Return a browser's user agent."""
        version = self.rng.randrange(120, 140)
        return self.rng.choice(BROWSERS).format(version, version)

    def person(self, *, age_days: float, cases: int = 3, bulk_ok: int = 0) -> Person:
        """Return a new account, that many days old at the incident's end."""
        return Person(
            name=f"user_{self.hex(8)}",
            created=self.end - age_days * DAY,
            ip=self.ip(),
            asn=self.rng.choice(PROVIDERS),
            agent=self.browser(),
            cases=[f"case_{self.hex(8)}" for _ in range(max(1, cases))],
            bulk_ok=bulk_ok,
        )

    def row(self, at: float, action: str, who: Person, **more: Any) -> dict[str, Any]:
        """Write one record; `more` overrules what the person has."""
        row = {
            "time": (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=round(at, 3))).isoformat(),
            "action": action,
            "user_id": who.name,
            "case_id": who.cases[0],
            "ip": who.ip,
            "asn": who.asn,
            "user_agent": who.agent,
            "account_created_at": datetime.fromtimestamp(who.created, UTC).isoformat(),
            "past_bulk_ok": who.bulk_ok,
            **more,
        }
        self.rows.append(row)
        return row

    def upload(self, at: float, who: Person, name: str, **more: Any) -> dict[str, Any]:
        """Write an upload of a new file; sizes are such as its type has."""
        extension = name.rpartition(".")[2].lower()
        content_type, middle, spread = TYPES.get(extension, ("application/octet-stream", 50_000, 1.0))
        evidence, case = f"ev_{self.hex(10)}", more.get("case_id", who.cases[0])
        given = {
            "evidence_id": evidence,
            "key": f"cases/{case}/raw/{evidence}_{name}",
            "size": max(40, int(middle * self.rng.lognormvariate(0, spread))),
            "sha256": self.hex(64),
            "content_type": content_type,
            "status": 200,
        }
        return self.row(at, "upload", who, **{**given, **more})

    def human_name(self) -> str:
        """Return a name that a lawyer or client gives."""
        what, who = self.rng.choice(WHAT), self.rng.choice(WHO)
        extension = self.rng.choice("pdf pdf pdf hwp docx jpg png xlsx m4a txt zip".split())
        n = self.rng.randrange(1, 60)
        number = self.rng.choice(("", f" ({n % 8 + 1})", f"_{n}", f"_2025{n % 12 + 1:02d}"))
        forms = (f"{what}_{who}{number}", f"갑제{n}호증 {what}", f"{who} {what}{number}")
        return f"{self.rng.choice(forms)}.{extension}"

    def views(self, who: Person, begin: float, end: float, count: int, **more: Any) -> None:
        """Write a log-in and views, by chance over a time."""
        if count:
            self.row(begin + self.rng.uniform(-300, 60), "login", who, **more)
        for _ in range(count):
            self.row(self.rng.uniform(begin, end), "view", who, case_id=self.rng.choice(who.cases), **more)

    def past(self, who: Person, days: int, *, uploads: int = 6, views: int = 8, chance: float = 0.7) -> None:
        """Write days of ordinary work before the incident."""
        for day in range(2, days + 2):
            morning = (self.end - day * DAY + KST) // DAY * DAY - KST + 9 * HOUR
            if morning < who.created or self.rng.random() > chance:
                continue
            self.work(who, morning, uploads=self.rng.randrange(uploads + 1), views=self.rng.randrange(1, views + 1))

    def work(self, who: Person, begin: float, *, uploads: int, views: int, hours: float = 9.0) -> None:
        """Write a day of ordinary work."""
        self.views(who, begin, begin + hours * HOUR, views)
        for _ in range(uploads):
            self.upload(
                begin + self.rng.uniform(0, hours) * HOUR, who, self.human_name(), case_id=self.rng.choice(who.cases)
            )

    def bystanders(self, most: int = 8) -> None:
        """Write others who only work."""
        for _ in range(self.rng.randrange(most + 1)):
            who = self.person(age_days=self.rng.uniform(20, 900), cases=self.rng.randrange(1, 6))
            self.past(who, 20, chance=0.6)
            self.work(
                who,
                self.end - self.rng.uniform(10, 22) * HOUR,
                uploads=self.rng.randrange(12),
                views=self.rng.randrange(1, 12),
            )

    def times(self, begin: float, count: int, gap: float, *, cv: float) -> Iterator[float]:
        """Yield instants: gaps of `gap` seconds in the mean, with this spread."""
        shape = 1 / max(cv, 0.02) ** 2
        for _ in range(count):
            yield begin
            begin += self.rng.gammavariate(shape, gap / shape)

    def at_hour(self, hour: float) -> float:
        """Return the instant of the incident's day at which it is this hour in Seoul."""
        return (self.end + KST - hour * HOUR) // DAY * DAY - KST + hour * HOUR
