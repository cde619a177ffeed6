-- The next units of an experiment that are exposed: the others have nothing to compute again.
select unit
from unit_state
where unit > $2 and experiment = $1 and first_at is not null
order by unit
limit $3
