-- Grain: one row what became of a due time, after a sequence number, oldest first. `raised` is
-- whether its look newly raised a signal: closed.
select
    due.seq, due.cause, due.due_at, due.outcome, due.look, due.late, due.stale, due.reason,
    due.recorded_at,
    exists (
        select 1 from verdict where verdict.look = due.look and verdict.verdict = 'raised'
    ) as raised
from due
where due.seq > $seq
order by due.seq;
