"""What goes on, as one page: `asking` fetches, `overview` decides what is shown, `page` writes it as HTML."""
