"""Owns the attacks that were written after the signals had been tuned; the one rule: nothing is tuned on them."""

from __future__ import annotations

from tests.support.uploads.traffic import DAY, HOUR, Log


def stuffed_credentials(log: Log) -> None:
    """Passwords from another leak open ten lawyers' accounts; each gives a few dozen uploads, from rented servers."""
    begin = log.at_hour(log.rng.uniform(0, 24))
    for _ in range(log.rng.randrange(6, 14)):
        who = log.person(age_days=log.rng.uniform(100, 1200), cases=3)
        log.past(who, 15)
        server = {
            "ip": log.ip(),
            "asn": log.rng.choice(("14061", "24940", "16276", "63949")),
            "user_agent": log.browser(),
        }
        for _ in range(log.rng.randrange(25, 80)):
            log.upload(begin + log.rng.uniform(0, 3) * HOUR, who, log.human_name(), **server)


def long_read(log: Log) -> None:
    """A new account gives the model a few dozen long texts over a day, at a person's pace, and looks at nothing."""
    who = log.person(age_days=log.rng.uniform(1.3, 25), cases=1)
    for at in log.times(log.at_hour(log.rng.uniform(8, 12)), log.rng.randrange(30, 70), 500, cv=1.1):
        log.upload(at, who, log.human_name().rpartition(".")[0] + ".txt", size=int(log.rng.uniform(8e5, 3e6)))


def noise_as_pictures(log: Log) -> None:
    """Pictures of noise under names of chance, in bursts out of a browser."""
    who = log.person(age_days=log.rng.uniform(1.05, 60), cases=2)
    begin = log.at_hour(log.rng.uniform(0, 24))
    log.views(who, begin, begin + HOUR, log.rng.choice((0, 0, 1, 2)))
    for at in log.times(begin, log.rng.randrange(100, 500), log.rng.uniform(1, 20), cv=log.rng.uniform(0.5, 1.5)):
        name = "".join(log.rng.choices("ABCDEFGHIJKLMNOPabcdefghijklmnopqrstuvwxyz0123456789", k=12))
        log.upload(at, who, f"{name}.png", size=log.rng.randrange(900_000, 1_100_000))


def nothing_inside(log: Log) -> None:
    """Thousands of files of a few bytes: what costs is that there is a job for each."""
    who = log.person(age_days=log.rng.uniform(1.05, 300), cases=2)
    log.past(who, 8, chance=0.3)
    begin = log.at_hour(log.rng.uniform(0, 24))
    for n, at in enumerate(
        log.times(begin, log.rng.randrange(800, 4000), log.rng.uniform(0.2, 2), cv=log.rng.uniform(0.1, 1.0))
    ):
        log.upload(at, who, f"{n}.txt", size=log.rng.randrange(12), sha256=f"{log.rng.randrange(30):064x}")


def three_keys(log: Log) -> None:
    """Three presigned addresses, used in turn every few minutes for a day and a half, with something new each time."""
    who = log.person(age_days=log.rng.uniform(3, 500), cases=2)
    keys = [(f"ev_{log.hex(10)}", log.human_name()) for _ in range(3)]
    gap = log.rng.uniform(150, 500)
    begin = log.end - 1.5 * DAY
    for n, at in enumerate(log.times(begin, int(1.5 * DAY / gap), gap, cv=log.rng.uniform(0.1, 0.9))):
        evidence, name = keys[n % 3]
        log.upload(at, who, name, evidence_id=evidence, key=f"cases/{who.cases[0]}/raw/{evidence}_{name}")


def ring(log: Log) -> None:
    """Accounts of a few days that send each other's files on, from homes all over the country, with a view now and then."""
    begin = log.at_hour(log.rng.uniform(8, 20))
    files = [(log.human_name(), log.hex(64)) for _ in range(log.rng.randrange(40, 90))]
    for _ in range(log.rng.randrange(8, 25)):
        who = log.person(age_days=log.rng.uniform(1.1, 9), cases=1)
        log.views(who, begin, begin + 4 * HOUR, log.rng.choice((0, 0, 1)))
        for name, digest in log.rng.sample(files, log.rng.randrange(10, 35)):
            log.upload(begin + log.rng.uniform(0, 4) * HOUR, who, name, sha256=digest)


FAMILIES = (stuffed_credentials, long_read, noise_as_pictures, nothing_inside, three_keys, ring)
