"""Looking after an installation: is it well (doctor), a copy of it (backup, restore), mending it (repair)."""
