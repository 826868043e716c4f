-- Grain: at most one row, the newest act.
select max(seq) as seq, max_by(hash, seq) as hash from audit having count(*) > 0;
