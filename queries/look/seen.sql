-- Grain: one row an event record that any look has seen, with the day it counts from.
select subject, "key", seen from seen order by subject, "key";
