"""The pages of the site, a module each: what a page asks the marts, and what it shows of it."""
