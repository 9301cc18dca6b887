"""Owns the legitimate families that were written after the signals had been tuned; the one rule: nothing is tuned on them."""

from __future__ import annotations

from tests.support.uploads.traffic import HOUR, Log


def invited_clients(log: Log) -> None:
    """A lawyer invites the members of a family into one case; each sends photos from home on the first evening."""
    case, begin = f"case_{log.hex(8)}", log.at_hour(log.rng.uniform(17, 21))
    for _ in range(log.rng.randrange(3, 7)):
        who = log.person(age_days=log.rng.uniform(1.05, 4), cases=1)
        who.cases = [case]
        log.views(who, begin, begin + 2 * HOUR, log.rng.randrange(2, 15))
        for _ in range(log.rng.randrange(8, 60)):
            log.upload(begin + log.rng.uniform(0, 2) * HOUR, who, f"IMG_{log.rng.randrange(1000, 9999)}.jpg")


def bank_statements(log: Log) -> None:
    """Ten years of monthly statements, as a bank's page gives them out: numbered and all of one length or nearly."""
    who = log.person(age_days=log.rng.uniform(30, 1200), cases=2)
    log.past(who, 20, chance=0.6)
    begin = log.at_hour(log.rng.uniform(9, 20))
    log.views(who, begin - 300, begin + HOUR, log.rng.randrange(2, 12))
    for n, at in enumerate(log.times(begin, log.rng.randrange(60, 240), log.rng.uniform(0.5, 4), cv=0.7)):
        log.upload(
            at, who, f"statement_{2012 + n // 12}{n % 12 + 1:02d}.xlsx", size=int(41_000 * log.rng.uniform(0.93, 1.07))
        )


def phone_backup(log: Log) -> None:
    """A whole phone, over a mobile network that breaks off now and then; names as the phone gives them."""
    who = log.person(age_days=log.rng.uniform(1.2, 60), cases=1)
    begin = log.at_hour(log.rng.uniform(8, 24))
    log.views(who, begin - 300, begin + 3 * HOUR, log.rng.randrange(3, 20))
    base, types = (
        log.ip().rsplit(".", 2)[0],
        (("HEIC", "image/heic"), ("MOV", "video/quicktime"), ("m4a", "audio/x-m4a"), ("jpg", "image/jpeg")),
    )
    for n, at in enumerate(log.times(begin, log.rng.randrange(200, 900), log.rng.uniform(1, 8), cv=1.4)):
        extension, kind = log.rng.choice(types)
        ip = f"{base}.{n // 150}.{log.rng.randrange(1, 255)}"
        if log.rng.random() < 0.06:
            log.upload(at - 2, who, f"IMG_{n:04d}.{extension}", content_type=kind, ip=ip, status=499)
        log.upload(
            at, who, f"IMG_{n:04d}.{extension}", content_type=kind, ip=ip, size=log.rng.randrange(500_000, 9_000_000)
        )


def integration(log: Log) -> None:
    """A firm's case system sends each new document on, all day, as it has done for months."""
    who = log.person(age_days=log.rng.uniform(120, 900), cases=25, bulk_ok=log.rng.choice((0, 1)))
    who.agent = "CaseBridge/3.2"
    log.past(who, 25, uploads=120, views=3, chance=0.9)
    for at in log.times(
        log.at_hour(7), log.rng.randrange(100, 500), log.rng.uniform(40, 110), cv=log.rng.uniform(0.6, 1.2)
    ):
        log.upload(at, who, log.human_name(), case_id=log.rng.choice(who.cases))
    log.views(who, log.at_hour(9), log.at_hour(9) + 8 * HOUR, log.rng.randrange(4))


def court_record(log: Log) -> None:
    """The court's record in volumes, each a scanned PDF of a hundred megabytes and more."""
    who = log.person(age_days=log.rng.uniform(20, 1200), cases=2)
    log.past(who, 20, chance=0.5)
    begin = log.at_hour(log.rng.uniform(9, 20))
    log.views(who, begin - 300, begin + 2 * HOUR, log.rng.randrange(2, 10))
    for n, at in enumerate(log.times(begin, log.rng.randrange(6, 40), 120, cv=0.9)):
        log.upload(at, who, f"사건기록 제{n + 1}권.pdf", size=int(log.rng.uniform(40e6, 230e6)))


def back_after_years(log: Log) -> None:
    """An old account that did nothing lately, with a new case."""
    who = log.person(age_days=log.rng.uniform(400, 1500), cases=1)
    begin = log.at_hour(log.rng.uniform(8, 23))
    log.views(who, begin - 300, begin + 2 * HOUR, log.rng.randrange(2, 15))
    for at in log.times(begin, log.rng.randrange(50, 400), log.rng.uniform(2, 12), cv=1.3):
        log.upload(at, who, log.human_name())


def intern(log: Log) -> None:
    """In the first week at the office, two hundred papers to scan; the others work beside."""
    senior = log.person(age_days=700, cases=3)
    log.past(senior, 25)
    log.work(senior, log.at_hour(9), uploads=8, views=15)
    who = log.person(age_days=log.rng.uniform(2, 7), cases=1)
    who.ip, who.asn, who.cases = log.near(senior.ip), senior.asn, senior.cases
    begin = log.at_hour(10)
    log.views(who, begin, begin + 5 * HOUR, log.rng.randrange(2, 10))
    for n, at in enumerate(log.times(begin, log.rng.randrange(80, 300), 35, cv=0.5)):
        log.upload(at, who, f"스캔_{n:03d}.pdf", case_id=log.rng.choice(who.cases))


FAMILIES = (invited_clients, bank_statements, phone_backup, integration, court_record, back_after_years, intern)
