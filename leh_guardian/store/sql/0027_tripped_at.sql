-- When guardian opened a circuit last, whoever has paused or closed it since: what its rate of openings is counted by.
alter table circuits add column tripped_at timestamptz;
