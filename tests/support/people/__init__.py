"""The other side of the ways to people: providers' servers on loopback, which check whatever they are sent."""
