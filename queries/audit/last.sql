-- Grain: at most one row, the newest act.
select seq, hash from audit order by seq desc limit 1;
