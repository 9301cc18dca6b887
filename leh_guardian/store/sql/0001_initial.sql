-- guardian's own state. Times come from the program as parameters; only leases use this server's clock (store/actions.py).
-- JSON is kept as `json`, never `jsonb`: event content may hold \u0000 and lone surrogates, which jsonb refuses.

create table event_log (                      -- every message body taken in, for `rules backtest`; bounded by upkeep
    id           bigint generated always as identity primary key,
    received_at  timestamptz not null,
    matched      boolean not null,
    body         bytea not null
);
create index event_log_received on event_log (received_at);

create table inbox (                          -- events that matched a rule and were planned, once each
    event_key    uuid primary key,
    received_at  timestamptz not null
);
create index inbox_received on inbox (received_at);

create table rule_keys (                      -- what a rule remembers of a dedup key beyond its incidents
    rule_id      text not null,
    dedup_key    text not null,
    last_run_at  timestamptz not null,
    primary key (rule_id, dedup_key)
);

create table rule_runs (                      -- what budgets count
    rule_id      text not null,
    started_at   timestamptz not null,
    incident_id  uuid not null
);
create index rule_runs_window on rule_runs (rule_id, started_at);

create table incidents (
    id               uuid primary key,
    rule_id          text not null,
    rule_revision    text not null,
    dedup_key        text not null,
    status           text not null check (status in ('triggered', 'acknowledged', 'snoozed', 'resolved')),
    severity         text not null,
    level            int not null default 0,
    plan             json not null,
    event_id         text not null,
    event            json not null,
    serialize_key    text not null,
    opened_at        timestamptz not null,
    updated_at       timestamptz not null,
    last_trigger_at  timestamptz not null,
    ok_at            timestamptz,
    acknowledged_at  timestamptz,
    resolved_at      timestamptz,
    event_count      bigint not null default 1,
    run              int not null default 1
);
create unique index incidents_one_open on incidents (rule_id, dedup_key) where status <> 'resolved';
create index incidents_opened on incidents (opened_at);

create table actions (
    id             uuid primary key,
    incident_id    uuid not null references incidents (id),
    run            int not null,
    role           text not null check (role in ('step', 'verify', 'confirm', 'tell')),
    step_id        text not null,
    step_index     int not null,
    handler        text not null,
    params         json not null,
    mode_rank      int not null,
    changes        boolean not null,
    retryable      boolean not null,
    status         text not null check (status in ('proposed', 'scheduled', 'running', 'waiting', 'succeeded', 'skipped',
                                                   'failed', 'needs_human', 'rejected')),
    due_at         timestamptz not null,
    serialize_key  text,
    timeout        double precision not null,
    attempts       int not null,
    backoff        double precision not null,
    deadline       timestamptz,
    attempt        int not null default 0,
    failures       int not null default 0,
    losses         int not null default 0,
    lease_until    timestamptz,
    lease_owner    text,
    dry_run        boolean not null default false,
    approved_by    text,
    checkpoints    json not null default '{}',
    outcome        json,
    held           text,
    created_at     timestamptz not null,
    updated_at     timestamptz not null
);
create index actions_due on actions (due_at) where status in ('scheduled', 'waiting');
create index actions_leases on actions (lease_until) where status = 'running';
create index actions_incident on actions (incident_id, created_at);
-- At most one action of a serialize key has started and not ended, whatever replica claims: the database says so.
create unique index actions_serialized on actions (serialize_key)
    where status in ('running', 'waiting') or (status = 'scheduled' and attempt > 0);

create table timers (
    id           bigint generated always as identity primary key,
    incident_id  uuid not null references incidents (id),
    kind         text not null,
    due_at       timestamptz not null,
    unique (incident_id, kind)
);
create index timers_due on timers (due_at);

create table control (                        -- the kill switch: '*' is everything, else a handler's name
    scope      text primary key,
    mode_rank  int not null,
    reason     text not null,
    set_by     text not null,
    set_at     timestamptz not null
);

create table journal (                        -- append-only
    id           bigint generated always as identity primary key,
    at           timestamptz not null,
    author       text not null,            -- a replica, or a person
    kind         text not null,
    reason       text not null,
    incident_id  uuid,
    action_id    uuid,
    rule_id      text,
    data         json not null
);
create index journal_incident on journal (incident_id, id) where incident_id is not null;
create index journal_at on journal (at);

create function journal_is_append_only() returns trigger language plpgsql as $$
begin
    raise exception 'the journal is append-only';
end $$;
create trigger journal_no_update before update on journal
    for each row execute function journal_is_append_only();
