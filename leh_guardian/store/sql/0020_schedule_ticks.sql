-- Up to which tick each schedule rule is decided. Written under the rule's lock, in the transaction that plans the tick.
create table schedule_ticks (
    rule_id     text not null primary key,
    schedule    text not null,              -- expression and zone: another one begins anew
    decided_at  timestamptz not null,       -- the newest tick that was started or missed, or when the rule was first seen
    looked_at   timestamptz not null        -- when a replica last knew the rule: what nobody knows any more is dropped
);
