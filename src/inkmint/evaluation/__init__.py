"""What minted digits are worth: numerics, named protocols, and the record that a run keeps of them."""
