"""Web page or dump -> review, article. Slow, named, and only where a site lets robots in."""
