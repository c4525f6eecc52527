"""Messenger and Instagram: Meta's downloads become chats, JSON or HTML, of any year."""
