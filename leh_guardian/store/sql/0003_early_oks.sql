-- SQS does not keep order: an OK may arrive before the alarm that it ends, and it comes once.
create table early_oks (
    rule_id    text not null,
    dedup_key  text not null,
    ok_at      timestamptz not null,
    primary key (rule_id, dedup_key)
);
create index early_oks_at on early_oks (ok_at);
