-- Grain: one row a recorded exposure begun by the cut-off. The treatment is never selected: what
-- the open report is made of does not know it. The order does not depend on it either.
select subject, period, "start", "end", administrations
from exposure where extract = $extract and "start" <= $cutoff
order by subject, "start", period, "end", administrations;
