"""How fast detection is: a pipeline of any size, and a clock."""
