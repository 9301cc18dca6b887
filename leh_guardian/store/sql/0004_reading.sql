-- What /status counts every few seconds and what people list must not slow down as settled rows pile up.
create index actions_status on actions (status, updated_at);
create index actions_created on actions (created_at);
create index incidents_status on incidents (status, opened_at);
create index incidents_rule on incidents (rule_id, opened_at);
