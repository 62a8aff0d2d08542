"""Reviews of films as text data sets: IMDB and Rotten Tomatoes, positive or negative."""
