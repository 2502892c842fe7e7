-- One row is a layer of points or polygons that the warehouse has.
select distinct layer
from marts.point_features
union
select distinct layer
from marts.places
order by layer
