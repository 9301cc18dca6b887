-- What absence rules wait for: one row for each (rule, key). While it is open it has a due time, and the `after` event; afterwards
-- it is what a late duplicate, or a completion that came first, is known by.
create table expectations (
    rule_id      text not null,
    key          text not null,
    mark         text,                  -- tells one `after` from the next of the same key; null: only a completion was heard of
    event_id     text,
    event        json,                  -- the `after` event, bounded; kept while it is open
    happened_at  timestamptz,           -- at the source
    heard_at     timestamptz,           -- by guardian
    due_at       timestamptz,           -- of the next last look; null: nothing is expected
    missed_at    timestamptz,           -- when it was due first, once it was taken
    done_at      timestamptz,           -- the newest completion, at the source
    fired        boolean not null default false,
    updated_at   timestamptz not null,
    primary key (rule_id, key)
);
create index expectations_due on expectations (due_at) where due_at is not null;
create index expectations_settled on expectations (updated_at) where due_at is null;
