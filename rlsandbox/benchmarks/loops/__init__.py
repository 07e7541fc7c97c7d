"""What our loops are measured against."""
