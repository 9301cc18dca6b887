"""Owns the legitimate families that the signals were tuned on; the one rule: each is a reason why honest people upload a lot."""

from __future__ import annotations

from tests.support.uploads.traffic import HOUR, Log


def ordinary_day(log: Log) -> None:
    """A day like others, somewhat busy."""
    who = log.person(age_days=log.rng.uniform(60, 1500), cases=4)
    log.past(who, 25)
    log.work(who, log.at_hour(9), uploads=log.rng.randrange(10, 60), views=log.rng.randrange(3, 30))


def binder(log: Log) -> None:
    """A lawyer drags a whole binder into a case; the browser sends six at a time."""
    who = log.person(age_days=log.rng.uniform(40, 1500), cases=5, bulk_ok=log.rng.choice((0, 0, 1, 3)))
    log.past(who, 25)
    begin = log.at_hour(log.rng.uniform(9, 21))
    count = log.rng.randrange(80, 900)
    log.views(who, begin - 600, begin + 2 * HOUR, log.rng.randrange(3, 25))
    for at in log.times(begin, count, log.rng.uniform(0.5, 8), cv=log.rng.uniform(0.8, 2.0)):
        log.upload(at, who, log.human_name())


def migration_tool(log: Log) -> None:
    """A firm's own tool brings its old cases over: a program, at night, from a server, without a single view."""
    who = log.person(
        age_days=log.rng.uniform(60, 1500), cases=log.rng.randrange(1, 40), bulk_ok=log.rng.choice((0, 0, 1, 2))
    )
    log.past(who, 25)
    begin = log.at_hour(log.rng.choice((1, 2, 10, 14, 19, 22)))
    agent = log.rng.choice(("python-requests/2.32.3", "LEH-Migrator/2.1", "rclone/v1.68.1", "okhttp/4.12.0", who.agent))
    elsewhere = {"ip": log.ip(), "asn": log.rng.choice(("16509", "4766", "9318"))} if log.rng.random() < 0.35 else {}
    log.views(who, begin, begin + 3 * HOUR, log.rng.choice((0, 0, 1, 4)))
    for at in log.times(begin, log.rng.randrange(300, 3000), log.rng.uniform(0.5, 6), cv=log.rng.uniform(0.1, 0.6)):
        name = log.human_name()
        more = {"case_id": log.rng.choice(who.cases), "user_agent": agent, **elsewhere}
        if log.rng.random() < 0.01:
            log.upload(at, who, name, status=503, **more)
        log.upload(at, who, name, **more)


def flaky_network(log: Log) -> None:
    """A train's network: everything is sent two, three, four times, from one address after the other."""
    who = log.person(age_days=log.rng.uniform(10, 900), cases=2)
    log.past(who, 20)
    begin = log.at_hour(log.rng.uniform(8, 22))
    log.views(who, begin - 300, begin + HOUR, log.rng.randrange(1, 12))
    base = log.ip().rsplit(".", 2)[0]
    ips = [f"{base}.{log.rng.randrange(256)}.{log.rng.randrange(1, 255)}" for _ in range(log.rng.randrange(1, 14))]
    for at in log.times(begin, log.rng.randrange(30, 250), log.rng.uniform(5, 40), cv=1.2):
        moment, more = (
            at,
            {"sha256": log.hex(64), "size": log.rng.randrange(10_000, 4_000_000), "ip": log.rng.choice(ips)},
        )
        name, evidence = log.human_name(), f"ev_{log.hex(10)}"
        key = f"cases/{who.cases[0]}/raw/{evidence}_{name}"
        told = log.rng.random() < 0.6
        for attempt in range(log.rng.choice((1, 1, 2, 2, 3, 4, 5))):
            failed = told and attempt == 0 and log.rng.random() < 0.8
            log.upload(
                moment,
                who,
                name,
                **more,
                evidence_id=evidence,
                key=key,
                status=log.rng.choice((0, 408, 499, 500, 503)) if failed else 200,
            )
            moment += log.rng.uniform(3, 240)
            more["ip"] = log.rng.choice(ips) if log.rng.random() < 0.3 else more["ip"]


def kakaotalk(log: Log) -> None:
    """Years of talk as hundreds of tiny texts and pictures."""
    who = log.person(age_days=log.rng.choice((log.rng.uniform(0.2, 10), log.rng.uniform(30, 900))), cases=1)
    log.past(who, 20, chance=0.4)
    begin = log.at_hour(log.rng.uniform(8, 23))
    log.views(who, begin - 300, begin + 2 * HOUR, log.rng.randrange(1, 20))
    for n, at in enumerate(
        log.times(begin, log.rng.randrange(100, 900), log.rng.uniform(0.5, 6), cv=log.rng.uniform(0.5, 1.5))
    ):
        name = log.rng.choice(
            (
                f"KakaoTalk_2025{n % 12 + 1:02d}{n % 28 + 1:02d}_{n:04d}.txt",
                f"KakaoTalk_Chats_2024-0{n % 9 + 1}-11_{n}.txt",
                f"카카오톡 대화 {n}.txt",
            )
        )
        log.upload(at, who, name, size=log.rng.randrange(120, 4000))


def new_client_at_night(log: Log) -> None:
    """Somebody who has just found the service puts everything there, at two in the morning."""
    who = log.person(age_days=1 + log.rng.uniform(0.1, 1.5), cases=1)
    begin = log.at_hour(log.rng.uniform(0, 4))
    who.created = begin - log.rng.uniform(0.2, 30) * HOUR
    log.views(who, begin - 600, begin + 2 * HOUR, log.rng.randrange(4, 40))
    for at in log.times(begin, log.rng.randrange(40, 350), log.rng.uniform(4, 30), cv=log.rng.uniform(0.8, 1.8)):
        name = log.human_name() if log.rng.random() < 0.6 else f"IMG_{log.rng.randrange(1000, 9999)}.jpg"
        log.upload(at, who, name)


def scanner_batch(log: Log) -> None:
    """The office's scanner uploads page after page, as even as a clock."""
    who = log.person(age_days=log.rng.uniform(60, 1500), cases=3, bulk_ok=log.rng.choice((0, 1, 5)))
    log.past(who, 25)
    begin, gap = log.at_hour(log.rng.uniform(9, 18)), log.rng.uniform(2, 12)
    log.views(who, begin - 3 * HOUR, begin + 3 * HOUR, log.rng.choice((0, 1, 3, 10)))
    form = log.rng.choice(
        ("SCAN_{:04d}.pdf", "스캔_{:04d}.pdf", "scan{:03d}.pdf", "Scan_20260311_{:03d}.jpg", "IMG_{:04d}.tif")
    )
    agent = {"user_agent": "ScanSnap Home/2.1"} if log.rng.random() < 0.3 else {}
    for n, at in enumerate(log.times(begin, log.rng.randrange(100, 1200), gap, cv=log.rng.uniform(0.05, 0.4))):
        log.upload(at, who, form.format(n), size=int(300_000 * log.rng.lognormvariate(0, 0.25)), **agent)


def phone_photos(log: Log) -> None:
    """A client sends the photos of a phone, over two mobile networks."""
    who = log.person(age_days=log.rng.uniform(3, 200), cases=1)
    log.past(who, 10, chance=0.3)
    begin = log.at_hour(log.rng.uniform(8, 24))
    log.views(who, begin - 600, begin + HOUR, log.rng.randrange(2, 15))
    ips = [log.ip() for _ in range(log.rng.randrange(1, 4))]
    for at in log.times(begin, log.rng.randrange(60, 600), log.rng.uniform(1, 6), cv=1.0):
        log.upload(
            at,
            who,
            f"{log.rng.choice(('IMG_', 'DSC', '2025081', 'Screenshot_2025-0'))}{log.rng.randrange(10_000)}.jpg",
            ip=log.rng.choice(ips),
        )


def office_signs_up(log: Log) -> None:
    """A firm's people get accounts on one morning and begin, all from the same office."""
    office, asn = log.ip(), "4766"
    for _ in range(log.rng.randrange(5, 20)):
        who = log.person(age_days=log.rng.uniform(1.1, 1.5), cases=2)
        who.ip, who.asn = log.near(office), asn
        log.work(
            who,
            log.end - log.rng.uniform(4, 9) * HOUR,
            uploads=log.rng.randrange(3, 40),
            views=log.rng.randrange(3, 25),
            hours=4,
        )


def corrected_briefs(log: Log) -> None:
    """Drafts go onto the same key again and again until they are right."""
    who = log.person(age_days=log.rng.uniform(60, 1500), cases=3)
    log.past(who, 25)
    begin = log.at_hour(10)
    log.views(who, begin, begin + 8 * HOUR, log.rng.randrange(10, 40))
    keys = [(f"ev_{log.hex(10)}", log.human_name()) for _ in range(log.rng.randrange(6, 30))]
    for at in log.times(begin, log.rng.randrange(15, 70), 300, cv=1.3):
        evidence, name = log.rng.choice(keys)
        log.upload(at, who, name, evidence_id=evidence, key=f"cases/{who.cases[0]}/raw/{evidence}_{name}")


FAMILIES = (
    ordinary_day,
    binder,
    migration_tool,
    flaky_network,
    kakaotalk,
    new_client_at_night,
    scanner_batch,
    phone_photos,
    office_signs_up,
    corrected_briefs,
)
