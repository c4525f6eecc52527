"""Chats in which people, and what points to them, are replaced by stable stand-ins."""
