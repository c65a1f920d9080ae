"""The contract with the browser: what the viewer sends to the routes, and what they answer.

The routes and the viewer's fake server parse and answer with these models, and the viewer's TypeScript types are made
from them (core/viewer/typescript.py). A field that only one side knows is an error on both.
"""
