-- What guardian's own probes of the service have seen, one row for each entry of `probes` in guardian.yaml.
create table probes (
    name          text primary key,
    next_at       timestamptz not null,      -- when it is to be looked at next, by whatever replica; moved on by who takes it
    looked_at     timestamptz,               -- when a look at it ended last
    down          boolean not null default false,
    failures      int not null default 0,    -- in a row
    successes     int not null default 0,    -- in a row
    failing_since timestamptz,               -- the first failure of those that have not ended yet
    step          text not null default '',  -- the step that failed last
    seen          text not null default ''   -- what was expected and seen there
);
