-- Grain: one row an input file of the extract, in the order in which it was read.
select role, path, sha256, rows_read as "rows", accepted, rejected
from input where extract = $extract
order by rowid;
