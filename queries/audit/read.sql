-- Grain: one row an act, oldest first.
select seq, "at", actor, "action", about, detail, previous, hash from audit order by seq;
