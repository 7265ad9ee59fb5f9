"""What a person launches: the goals and the `allsky` command line."""
