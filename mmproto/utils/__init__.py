"""What every room uses: files, text, the stack below."""
