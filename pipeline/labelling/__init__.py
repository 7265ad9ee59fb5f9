"""`allsky label`: where a person says what is to be seen in the frames that were drawn."""
