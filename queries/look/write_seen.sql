-- Grain: one row an event record. The day of a record that was seen before never changes.
insert into seen by name
select rows.*, $look as look
from rows
where not exists (
    select 1 from seen where seen.subject = rows.subject and seen."key" = rows."key"
);
