"""What is known and worked out about schools' requests; the acts are in `deployments.services.requests`."""
