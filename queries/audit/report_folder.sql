-- Grain: at most one row, the detail of the last act that put reports into a folder.
select detail from audit where "action" in ('report', 'restore') order by seq desc limit 1;
