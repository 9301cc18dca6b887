-- When handlers have run on a target (an account), whichever rule or person asked: what budgets per target are counted by.
create table target_runs (
    handler     text not null,
    target      text not null,
    actions     uuid[] not null,            -- an action is one run, however often it is attempted
    started_at  timestamptz[] not null,     -- when each of them began
    newest_at   timestamptz not null,
    primary key (handler, target)
);
create index target_runs_newest on target_runs (newest_at);
