-- Grain: one row a subject of the extract.
select subject, arm, randomised, "left", died
from subject where extract = $extract
order by subject;
