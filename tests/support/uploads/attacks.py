"""Owns the attacks that the signals were tuned on; the one rule: each makes the model read a lot, in its own way."""

from __future__ import annotations

from tests.support.uploads.traffic import DAY, HOUR, Log

SCRIPTS = ("python-requests/2.31.0", "curl/8.5.0", "Go-http-client/2.0", "axios/1.7.2", "")


def _machine_name(log: Log, n: int, style: int) -> str:
    extension = log.rng.choice(("txt", "pdf", "bin", "dat", "txt"))
    letters = "".join(log.rng.choices("abcdefghijklmnopqrstuvwxyz", k=10))
    return (f"{log.hex(16)}.{extension}", f"file_{n:05d}.{extension}", f"{letters}.{extension}", log.human_name())[
        style
    ]


def scripted_mass(log: Log) -> None:
    """A script fills a case."""
    who = log.person(
        age_days=log.rng.choice((log.rng.uniform(1, 3), log.rng.uniform(3, 60))), cases=log.rng.choice((1, 1, 30))
    )
    begin = log.at_hour(log.rng.uniform(0, 24))
    agent, style = log.rng.choice((*SCRIPTS, who.agent)), log.rng.randrange(4)
    pool = [log.hex(64) for _ in range(log.rng.choice((3, 40, 10_000)))]
    for n, at in enumerate(
        log.times(begin, log.rng.randrange(500, 4000), log.rng.uniform(0.2, 3), cv=log.rng.uniform(0.02, 0.5))
    ):
        log.upload(
            at,
            who,
            _machine_name(log, n, style),
            user_agent=agent,
            sha256=log.rng.choice(pool),
            case_id=log.rng.choice(who.cases),
        )


def address_replay(log: Log) -> None:
    """One presigned address is put to over and over, each time a job."""
    who = log.person(age_days=log.rng.uniform(1, 400), cases=2)
    log.past(who, 15, chance=0.4)
    begin = log.at_hour(log.rng.uniform(0, 24))
    keys = [(f"ev_{log.hex(10)}", log.human_name()) for _ in range(log.rng.randrange(1, 12))]
    for evidence, name in keys:
        log.row(begin - 5, "presign", who, evidence_id=evidence, key=f"cases/{who.cases[0]}/raw/{evidence}_{name}")
    same = log.hex(64) if log.rng.random() < 0.5 else None
    for at in log.times(begin, log.rng.randrange(150, 2000), log.rng.uniform(0.3, 20), cv=log.rng.uniform(0.1, 1.0)):
        evidence, name = log.rng.choice(keys)
        log.upload(
            at,
            who,
            name,
            evidence_id=evidence,
            key=f"cases/{who.cases[0]}/raw/{evidence}_{name}",
            sha256=same or log.hex(64),
        )


def slow_drip(log: Log) -> None:
    """Some files an hour, day and night, for days."""
    who = log.person(age_days=log.rng.uniform(4, 80), cases=log.rng.randrange(1, 4))
    gap = log.rng.uniform(120, 1500)
    style, duplicated = log.rng.randrange(4), log.rng.random() < 0.4
    pool = [log.hex(64) for _ in range(8)]
    agent = log.rng.choice((*SCRIPTS[:2], who.agent, who.agent))
    begin = log.end - log.rng.uniform(1.2, 3.5) * DAY
    for n, at in enumerate(log.times(begin, int((log.end - begin) / gap), gap, cv=log.rng.uniform(0.05, 0.7))):
        log.upload(
            at,
            who,
            _machine_name(log, n, style),
            user_agent=agent,
            sha256=log.rng.choice(pool) if duplicated else log.hex(64),
        )


def botnet(log: Log) -> None:
    """Accounts made for it, each with a browser and an address of its own, each with a few files."""
    begin, span = log.at_hour(log.rng.uniform(0, 24)), log.rng.uniform(0.5, 8) * HOUR
    pool = [log.hex(64) for _ in range(log.rng.choice((20, 100_000)))]
    style, case = log.rng.randrange(4), f"case_{log.hex(8)}" if log.rng.random() < 0.4 else None
    for _ in range(log.rng.randrange(12, 60)):
        who = log.person(age_days=1 + log.rng.uniform(0.05, 5), cases=1)
        who.cases = [case] if case else who.cases
        log.views(who, begin, begin + span, log.rng.choice((0, 0, 0, 1)))
        for n in range(log.rng.randrange(4, 40)):
            log.upload(begin + log.rng.uniform(0, span), who, _machine_name(log, n, style), sha256=log.rng.choice(pool))


def hopping_account(log: Log) -> None:
    """One account behind rotating proxies, with browsers' names."""
    who = log.person(age_days=log.rng.uniform(1, 40), cases=1)
    begin = log.at_hour(log.rng.uniform(0, 24))
    style = log.rng.randrange(4)
    homes = [
        (log.ip(), log.rng.choice(("4766", "9318", "16509", "14061", "45102", "3786")))
        for _ in range(log.rng.randrange(12, 80))
    ]
    for n, at in enumerate(
        log.times(begin, log.rng.randrange(150, 1500), log.rng.uniform(2, 30), cv=log.rng.uniform(0.4, 1.2))
    ):
        ip, asn = log.rng.choice(homes)
        log.upload(at, who, _machine_name(log, n, style), ip=ip, asn=asn, user_agent=log.browser())


def token_bomb(log: Log) -> None:
    """A handful of files, each a library."""
    who = log.person(age_days=log.rng.uniform(1, 300), cases=1)
    if log.rng.random() < 0.5:
        log.past(who, 15, chance=0.4)
    begin = log.at_hour(log.rng.uniform(0, 24))
    log.views(who, begin - 300, begin + HOUR, log.rng.choice((0, 0, 2)))
    for at in log.times(begin, log.rng.randrange(2, 25), log.rng.uniform(5, 200), cv=1.0):
        extension = log.rng.choice(("txt", "txt", "csv", "json", "pdf"))
        log.upload(
            at, who, log.human_name().rpartition(".")[0] + f".{extension}", size=int(log.rng.uniform(15e6, 120e6))
        )


def stolen_account(log: Log) -> None:
    """A lawyer's account in somebody else's hands, from one strange address; the lawyer may be at work meanwhile."""
    who = log.person(age_days=log.rng.uniform(120, 1500), cases=5, bulk_ok=log.rng.choice((0, 1, 3)))
    log.past(who, 25)
    if log.rng.random() < 0.5:
        log.work(who, log.at_hour(9), uploads=log.rng.randrange(5), views=log.rng.randrange(2, 15))
    begin = log.at_hour(log.rng.uniform(0, 24))
    thief = {
        "ip": log.ip(),
        "asn": log.rng.choice(("16509", "14061", "9009", "12389", "4134", "9318")),
        "user_agent": log.rng.choice((*SCRIPTS, log.browser())),
    }
    style = log.rng.randrange(4)
    pool = [log.hex(64) for _ in range(log.rng.choice((10, 100_000)))]
    for n, at in enumerate(
        log.times(begin, log.rng.randrange(150, 2000), log.rng.uniform(0.5, 10), cv=log.rng.uniform(0.1, 1.0))
    ):
        log.upload(at, who, _machine_name(log, n, style), sha256=log.rng.choice(pool), **thief)


def careful_abuser(log: Log) -> None:
    """Somebody with patience: a person's pace, a browser, office hours, now and then a view; only the files are worth nothing."""
    who = log.person(age_days=log.rng.uniform(1.5, 45), cases=log.rng.randrange(1, 4))
    begin = log.at_hour(log.rng.uniform(8, 14))
    log.views(who, begin, begin + 6 * HOUR, log.rng.choice((0, 0, 1, 2)))
    pool = [log.hex(64) for _ in range(log.rng.choice((15, 40, 80)))]
    sizes = log.rng.choice((None, 250_000))
    for at in log.times(begin, log.rng.randrange(90, 300), log.rng.uniform(40, 120), cv=log.rng.uniform(0.8, 1.4)):
        more = {"size": sizes} if sizes else {}
        log.upload(at, who, log.human_name(), sha256=log.rng.choice(pool), **more)


def garbage_types(log: Log) -> None:
    """Noise under the names of pictures and programs."""
    who = log.person(age_days=log.rng.uniform(1, 90), cases=1)
    begin = log.at_hour(log.rng.uniform(0, 24))
    for at in log.times(begin, log.rng.randrange(100, 1200), log.rng.uniform(0.5, 15), cv=log.rng.uniform(0.1, 1.0)):
        name = f"{log.hex(12)}.{log.rng.choice(('exe', 'bin', 'jpg', 'xyz', 'pdf'))}"
        log.upload(
            at,
            who,
            name,
            content_type=log.rng.choice(("application/octet-stream", "text/plain", "application/x-msdownload")),
        )


FAMILIES = (
    scripted_mass,
    address_replay,
    slow_drip,
    botnet,
    hopping_account,
    token_bomb,
    stolen_account,
    careful_abuser,
    garbage_types,
)
