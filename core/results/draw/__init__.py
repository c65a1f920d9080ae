"""What every results panel is drawn with: colours, small charts beside each other, matrices, numbers as text."""
