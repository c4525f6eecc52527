"""French Wikipedia: articles of a dump, cleaned to paragraphs, as documents that a language model reads."""
