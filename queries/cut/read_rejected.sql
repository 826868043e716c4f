-- Grain: one row an input row of the extract that was rejected, without its content.
select file, "row", "rule", "column"
from rejected where extract = $extract
order by file, "row", "rule";
