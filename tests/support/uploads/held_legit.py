"""Owns the legitimate families that were written after the signals had been tuned; the one rule: nothing is tuned on them."""

from __future__ import annotations

from tests.support.uploads.traffic import HOUR, Log


def appraisal(log: Log) -> None:
    """An appraiser's camera: hundreds of large photos, several at once, straight from the site."""
    who = log.person(age_days=log.rng.uniform(40, 1200), cases=3)
    log.past(who, 20, chance=0.5)
    begin, site = log.at_hour(log.rng.uniform(10, 18)), {"ip": log.ip()}
    log.views(who, begin - 300, begin + HOUR, log.rng.randrange(2, 10), **site)
    for n, at in enumerate(log.times(begin, log.rng.randrange(150, 600), log.rng.uniform(0.6, 3), cv=1.5)):
        log.upload(
            at,
            who,
            f"DSC_{n:04d}.JPG",
            content_type="image/jpeg",
            size=log.rng.randrange(7_000_000, 16_000_000),
            **site,
        )


def moved_to_another_case(log: Log) -> None:
    """Everything of a case goes into another one, under tidier names."""
    who = log.person(age_days=log.rng.uniform(60, 1200), cases=3)
    log.past(who, 20)
    begin = log.at_hour(log.rng.uniform(9, 16))
    log.views(who, begin - 300, begin + 4 * HOUR, log.rng.randrange(4, 25))
    papers = [log.hex(64) for _ in range(log.rng.randrange(25, 150))]
    for case, start in zip(who.cases, (begin, begin + 2.5 * HOUR), strict=False):
        for digest, at in zip(papers, log.times(start, len(papers), 4, cv=1.2), strict=True):
            log.upload(at, who, log.human_name(), sha256=digest, case_id=case)


def night_shift(log: Log) -> None:
    """A paralegal files the day's post of forty cases, every night."""
    who = log.person(age_days=log.rng.uniform(90, 1200), cases=40, bulk_ok=log.rng.choice((0, 2)))
    log.past(who, 25, uploads=40)
    begin = log.at_hour(log.rng.uniform(0, 3))
    log.views(who, begin, begin + 3 * HOUR, log.rng.randrange(2, 15))
    for at in log.times(begin, log.rng.randrange(80, 300), log.rng.uniform(10, 40), cv=0.9):
        log.upload(at, who, log.human_name(), case_id=log.rng.choice(who.cases))


def behind_a_vpn(log: Log) -> None:
    """A cautious client, a week with the service, whose VPN changes its exit every few minutes."""
    who = log.person(age_days=log.rng.uniform(2, 20), cases=1)
    begin = log.at_hour(log.rng.uniform(9, 23))
    exits = [(log.ip(), log.rng.choice(("9009", "212238", "4766"))) for _ in range(log.rng.randrange(2, 6))]
    log.views(who, begin - 300, begin + HOUR, log.rng.randrange(3, 15), ip=exits[0][0], asn=exits[0][1])
    for n, at in enumerate(log.times(begin, log.rng.randrange(20, 90), log.rng.uniform(10, 60), cv=1.2)):
        ip, asn = exits[n // 15 % len(exits)]
        log.upload(at, who, log.human_name(), ip=ip, asn=asn)


def ocr_service(log: Log) -> None:
    """A firm's own reader of scans sends the text of each page, as it does every month."""
    who = log.person(age_days=log.rng.uniform(150, 1200), cases=6, bulk_ok=log.rng.choice((0, 1, 4)))
    log.past(who, 25, uploads=60)
    begin = log.at_hour(log.rng.uniform(0, 24))
    log.views(who, begin, begin + 2 * HOUR, log.rng.randrange(3))
    for n, at in enumerate(
        log.times(begin, log.rng.randrange(300, 1500), log.rng.uniform(0.5, 3), cv=log.rng.uniform(0.1, 0.5))
    ):
        log.upload(
            at, who, f"page_{n:04d}.txt", size=int(2_200 * log.rng.lognormvariate(0, 0.4)), user_agent="okhttp/4.12.0"
        )


FAMILIES = (appraisal, moved_to_another_case, night_shift, behind_a_vpn, ocr_service)
