-- Which units of a slice have events that name no experiment, as rows of experiment 0; how many rows that changed.
-- `+ 0`: else the planner may read all events that name none, through the index by experiment.
with loose as materialized (
    select distinct e.unit
    from event e
    where e.unit > $1 and e.unit <= $2 and e.experiment + 0 is null and not e.is_bot
      and not exists (select from fold_queue q where q.batch = e.batch + 0)
      and not exists (select from fold_fault f where f.event_id = e.event_id)
),
made as (
    insert into unit_state (unit, experiment) select unit, 0 from loose on conflict do nothing returning 1
),
unmade as (
    delete from unit_state s
    where s.unit > $1 and s.unit <= $2 and s.experiment = 0
      and not exists (
          select
          from event e
          where e.unit = s.unit and e.experiment + 0 is null and not e.is_bot
            and not exists (select from fold_queue q where q.batch = e.batch + 0)
            and not exists (select from fold_fault f where f.event_id = e.event_id)
      )
    returning 1
)
select (select count(*) from made) + (select count(*) from unmade)
