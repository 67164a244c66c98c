"""What every room uses: files, text, and the stack below mmproto."""
