"""Models, engine, migrations, and verbs by subject. Verbs take a Session and return frozen dataclasses."""
