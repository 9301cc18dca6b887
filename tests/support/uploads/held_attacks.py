"""Owns the attacks that were written after the signals had been tuned; the one rule: nothing is tuned on them."""

from __future__ import annotations

from tests.support.uploads.traffic import HOUR, Log


def false_chats(log: Log) -> None:
    """Thousands of made-up texts under a messenger's names, by a program with a browser's agent."""
    who = log.person(age_days=log.rng.uniform(1.05, 15), cases=1)
    begin = log.at_hour(log.rng.uniform(0, 24))
    log.views(who, begin, begin + HOUR, log.rng.choice((0, 0, 1)))
    for n, at in enumerate(
        log.times(begin, log.rng.randrange(600, 3000), log.rng.uniform(0.3, 4), cv=log.rng.uniform(0.1, 0.9))
    ):
        log.upload(at, who, f"KakaoTalk_20250{n % 9 + 1}11_{n:05d}.txt", size=log.rng.randrange(500, 40_000))


def quiet_thief(log: Log) -> None:
    """A stolen account, used by hand through the owner's own provider, with files like any other."""
    who = log.person(age_days=log.rng.uniform(120, 1500), cases=4, bulk_ok=log.rng.choice((0, 1)))
    log.past(who, 25)
    log.work(who, log.at_hour(9), uploads=log.rng.randrange(4), views=log.rng.randrange(2, 12))
    begin = log.at_hour(log.rng.uniform(18, 24))
    thief = {
        "ip": log.ip(),
        "asn": log.rng.choice((who.asn, "9318", "17858")),
        "user_agent": "Mozilla/5.0 (X11; Linux x86_64) Chrome/131.0.0.0 Safari/537.36",
    }
    for at in log.times(begin, log.rng.randrange(100, 600), log.rng.uniform(5, 40), cv=log.rng.uniform(0.7, 1.4)):
        log.upload(at, who, log.human_name(), **thief)


def leaked_key(log: Log) -> None:
    """An integration's key in other hands: a program as ever, but from a rented server, with the same few files."""
    who = log.person(age_days=log.rng.uniform(200, 900), cases=20)
    who.agent = "CaseBridge/3.2"
    log.past(who, 25, uploads=60, views=2, chance=0.9)
    begin = log.at_hour(log.rng.uniform(0, 24))
    pool = [log.hex(64) for _ in range(log.rng.randrange(5, 60))]
    server = {"ip": log.ip(), "asn": log.rng.choice(("14061", "24940", "16276"))}
    for at in log.times(begin, log.rng.randrange(400, 2500), log.rng.uniform(0.3, 3), cv=log.rng.uniform(0.05, 0.6)):
        log.upload(at, who, log.human_name(), sha256=log.rng.choice(pool), case_id=log.rng.choice(who.cases), **server)


def renamed_copies(log: Log) -> None:
    """A known user sends the same five files again and again under new names, at a person's pace, and looks around between."""
    who = log.person(age_days=log.rng.uniform(40, 300), cases=2)
    log.past(who, 15, chance=0.5)
    begin = log.at_hour(log.rng.uniform(9, 18))
    log.views(who, begin, begin + 3 * HOUR, log.rng.randrange(4))
    pool = [(log.hex(64), log.rng.randrange(100_000, 3_000_000)) for _ in range(5)]
    for at in log.times(begin, log.rng.randrange(60, 250), log.rng.uniform(20, 60), cv=1.1):
        digest, size = log.rng.choice(pool)
        log.upload(at, who, log.human_name(), sha256=digest, size=size)


def phones(log: Log) -> None:
    """Two dozen accounts on phones, weeks old and never used before, thirty photos each, all different."""
    begin = log.at_hour(log.rng.uniform(0, 24))
    for _ in range(log.rng.randrange(15, 40)):
        who = log.person(age_days=log.rng.uniform(2, 13), cases=1)
        for _ in range(log.rng.randrange(10, 40)):
            log.upload(begin + log.rng.uniform(0, 4) * HOUR, who, f"IMG_{log.rng.randrange(1000, 9999)}.jpg")


def page_flood(log: Log) -> None:
    """Long pages of a crawler, numbered, as even as a clock."""
    who = log.person(age_days=log.rng.uniform(1.05, 200), cases=2)
    log.past(who, 8, chance=0.3)
    begin = log.at_hour(log.rng.uniform(0, 24))
    for n, at in enumerate(
        log.times(begin, log.rng.randrange(150, 900), log.rng.uniform(2, 12), cv=log.rng.uniform(0.03, 0.3))
    ):
        log.upload(at, who, f"page{n}.html", content_type="text/html", size=log.rng.randrange(500_000, 2_000_000))


FAMILIES = (false_chats, quiet_thief, leaked_key, renamed_copies, phones, page_flood)
