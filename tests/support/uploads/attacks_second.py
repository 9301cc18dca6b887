"""Owns more attacks that the signals were tuned on; they were held out first. The one rule: none is a variant of another."""

from __future__ import annotations

from tests.support.uploads.traffic import HOUR, Log


def few_puts_each(log: Log) -> None:
    """Each presigned address is used three to five times, with something new each time, by a program."""
    who = log.person(age_days=log.rng.uniform(2, 200), cases=3)
    log.past(who, 10, chance=0.3)
    begin = log.at_hour(log.rng.uniform(0, 24))
    for at in log.times(begin, log.rng.randrange(60, 400), log.rng.uniform(5, 40), cv=log.rng.uniform(0.1, 0.8)):
        evidence, name = f"ev_{log.hex(10)}", log.human_name()
        key = f"cases/{who.cases[0]}/raw/{evidence}_{name}"
        log.row(at - 1, "presign", who, evidence_id=evidence, key=key)
        for n in range(log.rng.randrange(3, 6)):
            log.upload(at + n * log.rng.uniform(0.5, 4), who, name, evidence_id=evidence, key=key)


def padded_documents(log: Log) -> None:
    """Texts of a generator, all filled up to one length, under good names."""
    who = log.person(age_days=log.rng.uniform(1.1, 20), cases=2)
    begin = log.at_hour(log.rng.uniform(0, 24))
    log.views(who, begin, begin + 2 * HOUR, log.rng.choice((0, 0, 1)))
    size = log.rng.choice((65_536, 262_144, 1_000_000))
    for at in log.times(begin, log.rng.randrange(120, 800), log.rng.uniform(2, 20), cv=log.rng.uniform(0.3, 1.0)):
        log.upload(at, who, log.human_name().rpartition(".")[0] + ".txt", size=size)


def sleepers(log: Log) -> None:
    """Accounts that were made weeks ago and never used wake up on one day, with texts that they share."""
    begin = log.at_hour(log.rng.uniform(0, 24))
    texts = [log.hex(64) for _ in range(log.rng.randrange(30, 120))]
    for _ in range(log.rng.randrange(10, 30)):
        who = log.person(age_days=log.rng.uniform(20, 60), cases=1)
        for _ in range(log.rng.randrange(10, 50)):
            log.upload(begin + log.rng.uniform(0, 5) * HOUR, who, log.human_name(), sha256=log.rng.choice(texts))


def insider(log: Log) -> None:
    """A known user, from the known office, on a weekend's night: the same hundred files under other names, by a script."""
    who = log.person(age_days=log.rng.uniform(200, 1500), cases=6, bulk_ok=log.rng.choice((0, 1)))
    log.past(who, 25)
    begin = log.at_hour(log.rng.uniform(0, 5))
    pool = [log.hex(64) for _ in range(log.rng.randrange(20, 150))]
    for at in log.times(begin, log.rng.randrange(600, 3000), log.rng.uniform(0.5, 4), cv=log.rng.uniform(0.05, 0.5)):
        log.upload(at, who, log.human_name(), sha256=log.rng.choice(pool), case_id=log.rng.choice(who.cases))


def long_transcripts(log: Log) -> None:
    """Dozens of texts of some megabytes each: no single one is a bomb."""
    who = log.person(age_days=log.rng.uniform(1.1, 30), cases=1)
    begin = log.at_hour(log.rng.uniform(0, 24))
    log.views(who, begin, begin + HOUR, log.rng.choice((0, 1)))
    for at in log.times(begin, log.rng.randrange(20, 80), log.rng.uniform(10, 90), cv=1.0):
        log.upload(at, who, log.human_name().rpartition(".")[0] + ".txt", size=int(log.rng.uniform(3e6, 9e6)))


def in_waves(log: Log) -> None:
    """Fifty files, then half an hour of nothing, again and again; letters for names."""
    who = log.person(age_days=log.rng.uniform(1.1, 120), cases=2)
    begin = log.at_hour(log.rng.uniform(0, 12))
    agent = log.rng.choice((who.agent, "okhttp/4.12.0"))
    for wave in range(log.rng.randrange(5, 12)):
        for at in log.times(begin + wave * 0.6 * HOUR, 50, log.rng.uniform(0.3, 4), cv=0.6):
            letters = "".join(log.rng.choices("abcdefghijklmnopqrstuvwxyz0123456789", k=14))
            log.upload(at, who, f"{letters}.pdf", user_agent=agent)


def probing(log: Log) -> None:
    """Somebody tries what gets through: half is refused, agents change, types do not fit."""
    who = log.person(age_days=log.rng.uniform(1.1, 60), cases=1)
    begin = log.at_hour(log.rng.uniform(0, 24))
    agents = [log.browser() for _ in range(4)] + ["curl/8.5.0", "python-requests/2.31.0", "Wget/1.21"]
    for n, at in enumerate(log.times(begin, log.rng.randrange(60, 500), log.rng.uniform(1, 15), cv=0.8)):
        log.upload(
            at,
            who,
            f"test{n}.{log.rng.choice(('pdf', 'exe', 'php', 'svg', 'html'))}",
            content_type=log.rng.choice(("application/pdf", "text/html", "application/octet-stream")),
            status=log.rng.choice((200, 200, 403, 413, 415, 400)),
            user_agent=log.rng.choice(agents),
        )


def many_cases(log: Log) -> None:
    """A new account makes hundreds of cases and puts a few files into each, so that no case is conspicuous."""
    who = log.person(age_days=log.rng.uniform(1.05, 25), cases=log.rng.randrange(100, 400))
    begin = log.at_hour(log.rng.uniform(0, 24))
    log.views(who, begin, begin + 2 * HOUR, log.rng.choice((0, 0, 2)))
    agent = log.rng.choice((who.agent, "node-fetch/3.3"))
    for at in log.times(begin, 3 * len(who.cases), log.rng.uniform(1, 15), cv=log.rng.uniform(0.2, 0.8)):
        log.upload(at, who, log.human_name(), case_id=log.rng.choice(who.cases), user_agent=agent)


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


FAMILIES = (
    few_puts_each,
    padded_documents,
    sleepers,
    insider,
    long_transcripts,
    in_waves,
    probing,
    many_cases,
    false_chats,
    quiet_thief,
    leaked_key,
    renamed_copies,
    phones,
    page_flood,
)
