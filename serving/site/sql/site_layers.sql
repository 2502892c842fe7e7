-- One row is a dataset beside the reports that the warehouse has: a layer of
-- points or polygons, or the fatalities.
select distinct layer
from marts.point_features
union
select distinct layer
from marts.places
union
select distinct 'fatalities' as layer
from marts.fatalities
order by layer
