-- The pairs of a slice of units, those that the log names and those that have a row.
select array_agg(unit) as units, array_agg(experiment) as experiments
from (
    select unit, experiment from event where unit > $1 and unit <= $2 and experiment is not null
    union
    select unit, experiment from unit_state where unit > $1 and unit <= $2 and experiment > 0
) p
