-- Grain: one row a way in which the data of a look were stale.
select "check", severity, "count", "text", about from staleness where look = $look order by "check";
