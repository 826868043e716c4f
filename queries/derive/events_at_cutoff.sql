-- Grain: one row an adverse event record known at the cut-off: entered by then (where the entry
-- date is recorded), and with an onset that can lie on or before it. Unknown dates are kept.
select
    subject, "key", term, pt, soc, onset_recorded, onset_low, onset_high, end_recorded, end_high,
    serious, related, severity, outcome, "action", fatal, withdrawn, emergent_flag, reported
from event
where extract = $extract
    and coalesce(reported, $cutoff) <= $cutoff
    and coalesce(onset_low, $cutoff) <= $cutoff
order by subject, "key";
