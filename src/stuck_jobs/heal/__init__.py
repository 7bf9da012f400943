"""One cycle that looks, puts right what may be put right by itself, and looks again."""
