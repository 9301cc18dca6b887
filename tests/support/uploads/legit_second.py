"""Owns more legitimate families that the signals were tuned on, held out at first; the one rule: each is a reason of its own."""

from __future__ import annotations

from tests.support.uploads.traffic import HOUR, Log


def sent_twice(log: Log) -> None:
    """Not sure whether it had worked, somebody drags the same folder in again an hour later."""
    who = log.person(age_days=log.rng.uniform(5, 900), cases=2)
    log.past(who, 20, chance=0.5)
    begin = log.at_hour(log.rng.uniform(8, 21))
    log.views(who, begin - 300, begin + 2 * HOUR, log.rng.randrange(2, 15))
    folder = [(log.human_name(), log.hex(64)) for _ in range(log.rng.randrange(30, 200))]
    for start in (begin, begin + log.rng.uniform(0.8, 2) * HOUR):
        for (name, digest), at in zip(folder, log.times(start, len(folder), 3, cv=1.2), strict=True):
            log.upload(at, who, name, sha256=digest)


def on_a_journey(log: Log) -> None:
    """A lawyer abroad, in a hotel's network, on a borrowed computer."""
    who = log.person(age_days=log.rng.uniform(90, 1500), cases=4, bulk_ok=log.rng.choice((0, 1)))
    log.past(who, 25)
    begin = log.at_hour(log.rng.uniform(0, 24))
    hotel = {"ip": log.ip(), "asn": log.rng.choice(("7018", "3320", "2516", "4713")), "user_agent": log.browser()}
    log.views(who, begin - 600, begin + 2 * HOUR, log.rng.randrange(4, 30), **hotel)
    for at in log.times(begin, log.rng.randrange(30, 200), log.rng.uniform(3, 25), cv=1.3):
        log.upload(at, who, log.human_name(), **hotel)


def mail_export(log: Log) -> None:
    """A mailbox of one client: numbered letters, and the same logo under every tenth."""
    who = log.person(age_days=log.rng.uniform(2, 400), cases=1)
    log.past(who, 10, chance=0.4)
    begin = log.at_hour(log.rng.uniform(9, 23))
    log.views(who, begin - 300, begin + HOUR, log.rng.randrange(2, 12))
    logo = log.hex(64)
    for n, at in enumerate(log.times(begin, log.rng.randrange(100, 700), log.rng.uniform(0.5, 3), cv=0.9)):
        if log.rng.random() < 0.12:
            log.upload(at, who, f"image{n:03d}.png", sha256=logo, size=8_123)
        else:
            log.upload(
                at, who, f"mail_{n:04d}.eml", content_type="message/rfc822", size=log.rng.randrange(3_000, 900_000)
            )


def recordings(log: Log) -> None:
    """Hours of film and sound, some of them gigabytes."""
    who = log.person(age_days=log.rng.uniform(1.5, 700), cases=1)
    begin = log.at_hour(log.rng.uniform(9, 23))
    log.views(who, begin - 300, begin + 3 * HOUR, log.rng.randrange(1, 8))
    for at in log.times(begin, log.rng.randrange(5, 40), 200, cv=0.8):
        name, size = log.rng.choice((("블랙박스", 1.5e9), ("CCTV 1층", 2.5e9), ("통화녹음", 4e7)))
        extension = "m4a" if size < 1e8 else "mp4"
        log.upload(at, who, f"{name}_{log.rng.randrange(1000)}.{extension}", size=int(size * log.rng.uniform(0.3, 1.6)))


def one_team(log: Log) -> None:
    """Six colleagues on one case, who have many of the same papers."""
    office, case = log.ip(), f"case_{log.hex(8)}"
    papers = [(log.human_name(), log.hex(64)) for _ in range(60)]
    begin = log.at_hour(10)
    for _ in range(6):
        who = log.person(age_days=log.rng.uniform(50, 900), cases=3)
        who.ip, who.asn, who.cases = log.near(office), "4766", [case, *who.cases]
        log.past(who, 15)
        log.views(who, begin, begin + 6 * HOUR, log.rng.randrange(5, 20))
        for name, digest in log.rng.sample(papers, log.rng.randrange(5, 45)):
            log.upload(begin + log.rng.uniform(0, 6) * HOUR, who, name, sha256=digest)


def messenger_ids(log: Log) -> None:
    """Pictures out of a messenger whose names are nothing but ids."""
    who = log.person(age_days=log.rng.uniform(1.2, 300), cases=1)
    log.past(who, 10, chance=0.3)
    begin = log.at_hour(log.rng.uniform(9, 24))
    log.views(who, begin - 300, begin + HOUR, log.rng.randrange(3, 15))
    for at in log.times(begin, log.rng.randrange(50, 300), log.rng.uniform(1, 8), cv=1.1):
        identity = log.hex(32)
        parts = (identity[:8], identity[8:12], identity[12:16], identity[16:20], identity[20:])
        log.upload(at, who, f"{'-'.join(parts)}.jpg")


def synchronised_folder(log: Log) -> None:
    """A program keeps a folder in step: whatever is saved goes up, onto the same key."""
    who = log.person(age_days=log.rng.uniform(60, 900), cases=3)
    who.agent = "LEH Sync/1.4 (Windows)"
    log.past(who, 25, uploads=20)
    begin = log.at_hour(8)
    log.views(who, begin, begin + 9 * HOUR, log.rng.randrange(5, 25))
    documents = [(f"ev_{log.hex(10)}", log.human_name()) for _ in range(log.rng.randrange(20, 80))]
    for at in log.times(begin, log.rng.randrange(40, 160), 200, cv=1.5):
        evidence, name = log.rng.choice(documents)
        log.upload(at, who, name, evidence_id=evidence, key=f"cases/{who.cases[0]}/raw/{evidence}_{name}")


def before_the_hearing(log: Log) -> None:
    """A night and a day without sleep, and everything there is goes up."""
    who = log.person(age_days=log.rng.uniform(30, 900), cases=2)
    log.past(who, 25)
    for start in (log.at_hour(0) - 3 * HOUR, log.at_hour(5), log.at_hour(9)):
        log.views(who, start, start + 4 * HOUR, log.rng.randrange(3, 20))
        for at in log.times(start, log.rng.randrange(20, 120), 90, cv=1.4):
            log.upload(at, who, log.human_name())


FAMILIES = (
    sent_twice,
    on_a_journey,
    mail_export,
    recordings,
    one_team,
    messenger_ids,
    synchronised_folder,
    before_the_hearing,
)
