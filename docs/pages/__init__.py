"""Writers of generated pages, one kind each: data in, Markdown out."""
