-- What each run of a periodic check came to, and which reports were sent. Written once, at the end of the action that found it.
create table check_results (
    action_id   uuid not null primary key,
    check_name  text not null,              -- the handler's name
    rule_id     text not null,
    looked_at   timestamptz not null,
    status      text not null check (status in ('OK', 'WARN', 'UNKNOWN', 'FAIL')),
    since       timestamptz not null,       -- since when it has come to the same, run after run
    facts       json not null,              -- the whole result
    told        boolean not null default false  -- whether rules have heard of it
);
create index check_results_looked on check_results (check_name, looked_at desc);
create index check_results_at on check_results (looked_at);
create index check_results_untold on check_results (looked_at) where not told;

create table check_reports (
    action_id   uuid not null primary key,
    sent_at     timestamptz not null,
    week        text not null,              -- 2026-W49, by the calendar of the report's zone
    overall     text not null check (overall in ('OK', 'WARN', 'UNKNOWN', 'FAIL')),
    told        boolean not null default false
);
create index check_reports_sent on check_reports (sent_at);
