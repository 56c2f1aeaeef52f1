"""Where many parts of work are done: in processes of this machine, or on a Dask cluster.

Both take a function and items and give back (item, result) as they are finished, in any order.
Nothing is done in the calling process, whose linear algebra may use threads of its own: on busy
cores they wait for each other fifty times as long as they work, and a worker told to use one does
not.
"""
