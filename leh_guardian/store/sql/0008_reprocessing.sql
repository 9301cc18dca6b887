-- Deployments of the worker that guardian was told of, by CloudTrail's events or by people.
create table deployments (
    id         uuid primary key,             -- made of the event's id: told twice, it is one
    function   text not null,                -- its bare name
    alias      text,
    at         timestamptz not null,
    what       text not null,
    source     text not null,                -- the event's id, or who said so
    by_person  boolean not null,
    noted_at   timestamptz not null
);
create index deployments_function on deployments (function, at);
create index deployments_noted on deployments (noted_at);

-- Pieces of evidence that an action has processed anew, one row each: what crashes leave open is decided by these.
create table reprocessing (
    action_id  uuid not null,
    evidence   text not null,
    case_id    text,
    state      text not null default 'planned' check (state in ('planned', 'asking', 'asked', 'finished', 'failed', 'unknown')),
    canary     boolean not null default false,
    before     text not null default '',     -- what its record said before it was asked for
    asked_at   timestamptz,
    reason     text not null default '',
    changed_at timestamptz not null,
    primary key (action_id, evidence)
);
create index reprocessing_open on reprocessing (evidence) where state in ('asking', 'asked');
create index reprocessing_changed on reprocessing (changed_at);
