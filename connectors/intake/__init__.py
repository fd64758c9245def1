"""The inbound event source: POST /hooks/<connection>/, in front of Django, with group commit."""
