-- Grain: one row a finding about the extract.
select "check", severity, "count", "text", about
from finding where extract = $extract
order by "check", "text";
