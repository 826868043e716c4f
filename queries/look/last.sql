-- Grain: at most one row, the look made last.
select number, run_at from look order by number desc limit 1;
