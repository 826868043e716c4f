-- Grain: one row an act.
insert into audit (seq, "at", actor, "action", about, detail, previous, hash)
values ($seq, $at, $actor, $action, $about, $detail, $previous, $hash);
