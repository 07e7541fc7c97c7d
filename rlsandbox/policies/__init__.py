"""What a user takes away: policies as files, tables and programs."""
