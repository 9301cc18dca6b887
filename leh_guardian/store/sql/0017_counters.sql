-- What happened in buckets of time: amounts of a series (a rule's window, or guardian's own measurements), by key. A row is kept
-- until no window that it may be in can be asked about.
create table counters (
    series      text not null,
    key         text not null,
    at          timestamptz not null,              -- the bucket's beginning, by when its events happened
    member      text not null default '',          -- which of the things that are told apart; '' where amounts are summed
    amount      numeric not null,
    keep_until  timestamptz not null,
    primary key (series, key, at, member)
);
create index counters_old on counters (keep_until);
