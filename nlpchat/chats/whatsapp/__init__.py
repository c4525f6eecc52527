"""WhatsApp: the lines of an export become a chat, whatever telephone wrote them."""
