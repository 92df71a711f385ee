"""What has happened in the demo municipality before anybody signs in, told through the portal's ordinary services."""
