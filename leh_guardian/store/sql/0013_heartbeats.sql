-- What must be heard of again and again, and what the audit of calls looks at.

create table heartbeats (                    -- one row for each entry of `heartbeats.inbound` in oncall.yaml
    name       text primary key,
    since      timestamptz not null,         -- when it was first expected
    seen_at    timestamptz,                  -- the newest beat, by its sender's clock and never ahead of ours
    looked_at  timestamptz not null,         -- when guardian last looked at it
    back_at    timestamptz                   -- when guardian was last back after a standstill: beats may have been lost in it
);

create index actions_open_messages on actions (incident_id, due_at)
    where role = 'tell' and status in ('scheduled', 'waiting', 'running');
