"""What keeps the warehouse going on one machine: PostGIS, a Prefect server and a worker."""
