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


def half_finished(log: Log) -> None:
    """A new client's upload breaks off and is begun anew the next morning, from the beginning."""
    who = log.person(age_days=log.rng.uniform(1.4, 4), cases=1)
    begin = log.at_hour(20)
    files = [
        (log.human_name(), log.hex(64), log.rng.randrange(100_000, 5_000_000))
        for _ in range(log.rng.randrange(40, 160))
    ]
    reached = log.rng.randrange(len(files) // 4, len(files))
    for start, some in ((begin, files[:reached]), (begin + 11 * HOUR, files)):
        log.views(who, start - 300, start + HOUR, log.rng.randrange(1, 10))
        for (name, digest, size), at in zip(some, log.times(start, len(some), 5, cv=1.2), strict=True):
            log.upload(at, who, name, sha256=digest, size=size)


FAMILIES = (
    sent_twice,
    on_a_journey,
    mail_export,
    recordings,
    one_team,
    messenger_ids,
    synchronised_folder,
    before_the_hearing,
    invited_clients,
    bank_statements,
    phone_backup,
    integration,
    court_record,
    back_after_years,
    intern,
    half_finished,
)
