-- What people change by hand while the daemon runs, and which ways to them do not work just now.

create table silences (                      -- calls are withheld of what matches, until then
    id           uuid primary key,
    match        text not null,              -- an event pattern over an incident's facts, as JSON
    reason       text not null,
    made_by      text not null,
    made_at      timestamptz not null,
    until        timestamptz not null,
    ended_at     timestamptz,                -- when somebody ended it before its time
    ended_by     text
);
create index silences_until on silences (until);

create table duty_overrides (                -- changes of a schedule beside those of oncall.yaml
    id           uuid primary key,
    schedule     text not null,
    begins_at    timestamptz not null,
    ends_at      timestamptz not null,
    changes      text not null,              -- {replace, add, remove} as JSON
    reason       text not null,
    made_by      text not null,
    made_at      timestamptz not null,
    ended_at     timestamptz,                -- when somebody took it back: it holds until then
    ended_by     text
);
create index duty_overrides_ends on duty_overrides (ends_at);

create table channel_outages (               -- one row for each way to people that has ever failed
    channel      text primary key,
    failures     text not null,              -- the messages in a row that it did not take, as JSON
    worked_at    timestamptz,                -- when it last took one, as far as that is noted
    opened_at    timestamptz,                -- since when messages go another way; null: they do not
    reason       text not null,
    lasting      boolean not null,           -- whether it is one that does not pass by itself
    trials       int not null,               -- messages that have tried it since
    next_try_at  timestamptz,
    told_at      timestamptz                 -- when an incident was opened about it
);
