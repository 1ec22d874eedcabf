"""What resource providers answer beside reads and writes of resources: the POST actions ("Azure
resource provider operations"), and what is computed for a resource or a region.

An action is refused where a lock forbids it, and takes the permission `TYPE/ACTION/action`; a read
takes `TYPE/read`, as everywhere. Values that a service would keep secret are invented here, say so,
and are the same on each call.
"""
