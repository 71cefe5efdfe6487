"""From a table to a report that explains its clusters. Needs the extra `report`."""
