-- What the fold's tables should hold, from the log alone and by other statements than the fold's: whole tables, one after
-- the other, as slowly as it takes.
create temporary table seen on commit drop as
select *
from event e
where not is_bot
  and not exists (select from fold_queue where batch = e.batch)
  and not exists (select from fold_fault where event_id = e.event_id);

create temporary table expected_unit on commit drop as
select e.unit, e.experiment, e.variant, e.epoch, e.first_at, x.unit_type,
       floor(extract(epoch from e.first_at) / (3600 * x.cohort_hours))::integer * x.cohort_hours as cohort
from (
    select unit, experiment, min(variant) as variant, min(epoch) as epoch, min(occurred_at) as first_at
    from seen
    where kind = 1
    group by unit, experiment
) e
join experiments x on x.no = e.experiment;

-- Every metric event beside each exposure that it is for.
create temporary table expected_metric on commit drop as
select u.unit, u.experiment, u.variant, u.epoch, u.cohort, u.first_at, e.metric, e.value, e.occurred_at,
       e.experiment is null as loose, m.slot, m.window_seconds
from seen e
join expected_unit u on u.unit = e.unit and (u.experiment = e.experiment or (e.experiment is null and u.unit_type = coalesce(e.unit_type, 'user')))
left join experiment_metric m on m.experiment = u.experiment and m.metric = e.metric
where e.kind in (2, 3);

create temporary table expected_total on commit drop as
select *
from (
    select unit, experiment, variant, epoch, cohort, metric, slot,
           count(*) filter (where inside) as c, coalesce(sum(value) filter (where inside), 0) as y,
           coalesce(sum(value) filter (where ahead), 0) as x, min(occurred_at) filter (where inside) as f
    from (
        select *, occurred_at >= first_at and occurred_at - first_at < make_interval(secs => window_seconds) as inside,
               occurred_at < first_at and first_at - occurred_at <= interval '720 hours' as ahead
        from expected_metric
        where slot is not null
    ) e
    group by unit, experiment, variant, epoch, cohort, metric, slot
) t
where c > 0 or x <> 0;

create temporary table expected_moments on commit drop as
select 1::smallint as span, experiment, variant, epoch, cohort, 0 as metric, count(*) as n, 0::numeric as s1, 0::numeric as s2, 0::numeric as s3,
       0::numeric as x1, 0::numeric as x2, 0::numeric as xy
from expected_unit
group by experiment, variant, epoch, cohort
union all
select 1::smallint, experiment, variant, epoch, cohort, metric, count(*) filter (where c > 0), sum(y), sum(y ^ 2), sum(y ^ 3), sum(x), sum(x ^ 2), sum(x * y)
from expected_total
group by experiment, variant, epoch, cohort, metric;

insert into expected_moments
select 0::smallint, experiment, variant, 0, 0, metric, sum(n), sum(s1), sum(s2), sum(s3), sum(x1), sum(x2), sum(xy)
from expected_moments
group by experiment, variant, metric;

create temporary table expected_rollup on commit drop as
select experiment, variant, metric, span,
       case unit when 'all' then '-infinity' else date_trunc(unit, at, 'UTC') end as at,
       sum(events) as events, sum(total) as total, sum(units) as units
from (
    select experiment, variant, case kind when 1 then 0 else metric end as metric, occurred_at as at, 1 as events,
           case kind when 1 then 0 else value end as total, 0 as units
    from seen
    where experiment is not null
    union all
    select experiment, variant, metric, occurred_at, 1, value, 0 from expected_metric where loose and occurred_at >= first_at
    union all
    select experiment, variant, 0, first_at, 0, 0, 1 from expected_unit
    union all
    select experiment, variant, metric, f, 0, 0, 1 from expected_total where c > 0
) e
cross join (values (0::smallint, 'all'), (1::smallint, 'hour'), (2::smallint, 'minute'), (3::smallint, 'day')) s (span, unit)
where span <> 2 or date_trunc('minute', at, 'UTC') >= (select minutes_from from fold_lock)
group by 1, 2, 3, 4, 5;
