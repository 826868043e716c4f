-- Grain: one row an adjudicated record and topic.
select subject, "key", topic, decision
from adjudication where extract = $extract
order by subject, "key", topic;
