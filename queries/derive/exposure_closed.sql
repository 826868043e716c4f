-- Grain: one row a recorded exposure begun by the cut-off, with the treatment that was taken.
select subject, period, treatment, "start", "end", administrations
from exposure where extract = $extract and "start" <= $cutoff
order by subject, "start", period, treatment, "end";
